"""The functions of the Workflow Definition Language, by their own names, with how many arguments they take and what they give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Signature:
    """A function. `maximum` None: as many arguments as one likes. `result`: the name of a type."""

    name: str
    minimum: int
    maximum: int | None
    result: str
    summary: str


_TABLE = """
concat 1 * text | Joins texts, or lists, one after the other.
endsWith 2 2 boolean | Whether a text ends with another.
formatNumber 2 3 text | A number as text in a format.
guid 0 1 text | A new globally unique identifier.
indexOf 2 2 integer | Where a text first occurs in another; -1 where it does not.
isFloat 1 2 boolean | Whether a text is a decimal number.
isInt 1 1 boolean | Whether a text is a whole number.
lastIndexOf 2 2 integer | Where a text last occurs in another.
length 1 1 integer | How many elements or characters there are.
nthIndexOf 3 3 integer | Where a text occurs for the nth time.
replace 3 3 text | A text with every occurrence of a part replaced.
slice 2 3 text | The part of a text between two places.
split 2 2 list | The parts of a text between separators.
startsWith 2 2 boolean | Whether a text begins with another.
substring 2 3 text | The part of a text from a place on.
toLower 1 1 text | The text in small letters.
toUpper 1 1 text | The text in capital letters.
trim 1 1 text | The text without blanks at its ends.
chunk 2 2 list | Pieces of equal length.
contains 2 2 boolean | Whether a list, text or object contains a value.
empty 1 1 boolean | Whether there is nothing in it.
first 1 1 any | The first element or character.
intersection 2 * any | What is in all of the lists.
item 0 0 any | The element at hand.
join 2 2 text | The elements as one text.
last 1 1 any | The last element or character.
reverse 1 1 list | The elements in reverse order.
skip 2 2 list | The elements without the first ones.
sort 1 2 list | The elements in order.
take 2 2 any | The first elements or characters.
union 2 * any | What is in any of the lists.
and 2 * boolean | Whether all are true.
equals 2 2 boolean | Whether two values are the same.
greater 2 2 boolean | Whether the first is the greater.
greaterOrEquals 2 2 boolean | Whether the first is not the lesser.
if 3 3 any | One of two values, by a condition.
less 2 2 boolean | Whether the first is the lesser.
lessOrEquals 2 2 boolean | Whether the first is not the greater.
not 1 1 boolean | Whether it is false.
or 2 * boolean | Whether any is true.
array 1 1 list | A list of one element.
base64 1 1 text | The text in base64.
base64ToBinary 1 1 any | Binary content from base64.
base64ToString 1 1 text | The text from base64.
binary 1 1 any | The binary form of a text.
bool 1 1 boolean | The value as true or false.
coalesce 1 * any | The first value that is not null.
createArray 1 * list | A list of the values.
dataUri 1 1 text | The value as a data URI.
dataUriToBinary 1 1 any | Binary content from a data URI.
dataUriToString 1 1 text | The text from a data URI.
decimal 1 1 number | The value as a decimal number.
decodeBase64 1 1 text | The text from base64.
decodeDataUri 1 1 any | Binary content from a data URI.
decodeUriComponent 1 1 text | The text with its escapes resolved.
encodeUriComponent 1 1 text | The text with escapes for use in a URL.
float 1 2 number | The value as a decimal number.
int 1 1 integer | The value as a whole number.
json 1 1 any | What a JSON text says.
string 1 1 text | The value as text.
uriComponent 1 1 text | The text with escapes for use in a URL.
uriComponentToBinary 1 1 any | Binary content from an escaped text.
uriComponentToString 1 1 text | The text with its escapes resolved.
xml 1 1 any | What an XML text says.
add 2 2 number | The sum.
div 2 2 number | The quotient.
max 1 * number | The greatest.
min 1 * number | The least.
mod 2 2 number | The remainder.
mul 2 2 number | The product.
rand 2 2 integer | A random whole number.
range 2 2 list | Whole numbers in a row.
sub 2 2 number | The difference.
addDays 2 3 text | A time some days later.
addHours 2 3 text | A time some hours later.
addMinutes 2 3 text | A time some minutes later.
addSeconds 2 3 text | A time some seconds later.
addToTime 3 4 text | A time some units later.
convertFromUtc 2 3 text | A time of a time zone from UTC.
convertTimeZone 3 4 text | A time of another time zone.
convertToUtc 2 3 text | A time in UTC from a time zone.
dateDifference 2 2 text | The span between two dates.
dayOfMonth 1 1 integer | The day of the month.
dayOfWeek 1 1 integer | The day of the week, Sunday is 0.
dayOfYear 1 1 integer | The day of the year.
formatDateTime 1 3 text | A time in a format.
getFutureTime 2 3 text | The time some units from now.
getPastTime 2 3 text | The time some units ago.
parseDateTime 1 3 text | A time from a text.
startOfDay 1 2 text | When the day begins.
startOfHour 1 2 text | When the hour begins.
startOfMonth 1 2 text | When the month begins.
subtractFromTime 3 4 text | A time some units earlier.
ticks 1 1 integer | A time in units of 100 nanoseconds.
utcNow 0 1 text | The time now.
action 0 0 any | This action's result at run time.
actions 1 1 any | An action's result at run time.
body 1 1 any | The body of a step's result.
formDataMultiValues 2 2 list | The values of a form's field.
formDataValue 2 2 text | The value of a form's field.
items 1 1 any | The element of a loop.
iterationIndexes 1 1 integer | How often an until loop has run.
listCallbackUrl 0 0 text | The URL that starts this flow.
multipartBody 2 2 any | A part of a body of many parts.
outputs 1 1 any | A step's whole result.
parameters 1 1 any | The value of a parameter.
result 1 1 list | The results of the steps in a scope.
trigger 0 0 any | The trigger's result at run time.
triggerBody 0 0 any | The body of the trigger's result.
triggerFormDataMultiValues 1 1 list | The values of a form's field that the trigger got.
triggerFormDataValue 1 1 text | The value of a form's field that the trigger got.
triggerMultipartBody 1 1 any | A part of the trigger's body.
triggerOutputs 0 0 any | The trigger's whole result.
variables 1 1 any | The value of a variable.
workflow 0 0 object | What is known of this flow and its run.
uriHost 1 1 text | The host of a URL.
uriPath 1 1 text | The path of a URL.
uriPathAndQuery 1 1 text | The path and query of a URL.
uriPort 1 1 integer | The port of a URL.
uriQuery 1 1 text | The query of a URL.
uriScheme 1 1 text | The scheme of a URL.
addProperty 3 3 object | An object with one property more.
removeProperty 2 2 object | An object with one property less.
setProperty 3 3 object | An object with a property set.
xpath 2 2 any | What an XPath expression finds.
"""


def _signatures() -> Mapping[str, Signature]:
    found: dict[str, Signature] = {}
    for line in _TABLE.strip().splitlines():
        facts, summary = line.split(" | ", 1)
        name, minimum, maximum, result = facts.split()
        found[name] = Signature(name, int(minimum), None if maximum == "*" else int(maximum), result, summary)
    return MappingProxyType(found)


FUNCTIONS: Mapping[str, Signature] = _signatures()
"""By name. The keywords `and`, `or`, `not` and `if` are operators and statements in a flow; their functions exist on import only."""
