/**
 * Flowquill for tree-sitter. It accepts what grammar/flowquill/grammar/flow.lark accepts, rule by rule; a test holds the two together.
 * Field names are those of the language's own tree where it has one.
 */

const NAME = /[A-Za-z_][A-Za-z0-9_]*/;
const UNICODE_ESCAPE = /\\u[0-9a-fA-F][0-9a-fA-F][0-9a-fA-F][0-9a-fA-F]/;

const commas = (rule) => seq(rule, repeat(seq(",", rule)));
const trailing = (rule) => seq(commas(rule), optional(","));
const binary = (left, operator, right) => seq(field("left", left), field("operator", operator), field("right", right));

module.exports = grammar({
  name: "flowquill",

  extras: ($) => [/[ \t\r\n]+/, $.comment],
  word: ($) => $.name,

  rules: {
    source_file: ($) => repeat($.flow),

    flow: ($) =>
      seq("flow", field("name", $.name), field("description", optional($.string)), "{", repeat(choice($.trigger, $.statement)), "}"),

    trigger: ($) =>
      seq(repeat($.decorator), "on", field("event", choice($.event, $.manual)), optional(seq("as", field("name", $.name)))),
    event: ($) => seq($.callee, $.arguments),
    manual: ($) => seq("manual", "(", optional(trailing($.input)), ")"),
    input: ($) =>
      seq(
        field("name", alias($.name, $.parameter)),
        ":",
        field("type", $.type),
        optional("?"),
        optional(seq("=", field("default", $._expression))),
        optional(field("description", $.string)),
      ),

    statement: ($) => seq(repeat($.decorator), optional($.after), optional($.label), $._action),
    decorator: ($) => seq("@", field("name", alias($.name, $.decorator_name)), optional($.arguments)),
    after: ($) => seq("after", $.after_clause, repeat(seq("and", $.after_clause)), ":"),
    after_clause: ($) => seq(optional(field("step", $.name)), $._statuses),
    _statuses: ($) => commas($.status),
    status: () => choice("succeeded", "failed", "skipped", "timed_out"),
    label: ($) => seq(field("name", $.name), ":"),

    _action: ($) =>
      choice(
        $.call, $.bound_call, $.param, $.var, $.set, $.append, $.increment, $.decrement, $.if, $.switch, $.for_each, $.until,
        $.scope, $.parallel, $.try, $.todo, $.refuse,
      ),
    call: ($) => seq($.callee, $.arguments),
    bound_call: ($) => seq(field("result", $.name), "=", $.callee, $.arguments),
    param: ($) => seq("param", $._declaration),
    var: ($) => seq("var", $._declaration),
    _declaration: ($) => seq(field("name", $.name), ":", field("type", $.type), optional(seq("=", field("value", $._expression)))),
    set: ($) => seq("set", field("name", $.name), "=", field("value", $._expression)),
    append: ($) => seq("append", field("value", $._expression), "to", field("name", $.name)),
    increment: ($) => seq("increment", field("name", $.name), optional(seq("by", field("value", $._expression)))),
    decrement: ($) => seq("decrement", field("name", $.name), optional(seq("by", field("value", $._expression)))),
    if: ($) => seq("if", field("condition", $._expression), field("then", $.block), optional($.else)),
    else: ($) => seq("else", choice($.block, $.if)),
    switch: ($) => seq("switch", field("value", $._expression), "{", repeat($.case), optional($.default), "}"),
    case: ($) => seq("case", field("value", $._expression), $.block),
    default: ($) => seq("default", $.block),
    for_each: ($) => seq("for", field("name", $.name), "in", field("list", $._expression), optional($.degree), $.block),
    degree: ($) => seq("parallel", optional($.number)),
    until: ($) => seq("do", $.block, "until", field("condition", $._expression), optional($.limit)),
    limit: ($) => seq("limit", $.arguments),
    scope: ($) => seq("scope", field("name", $.name), $.block),
    parallel: ($) => seq("parallel", "{", repeat($.branch), "}"),
    branch: ($) => seq("branch", $.block),
    try: ($) => seq("try", $.block, optional($.catch), optional($.finally)),
    catch: ($) => seq("catch", optional($._statuses), $.block),
    finally: ($) => seq("finally", $.block),
    todo: ($) => seq("todo", $.string),
    refuse: ($) => seq("refuse", $.string),
    block: ($) => seq("{", repeat($.statement), "}"),

    callee: ($) =>
      choice(
        seq(field("connector", alias($.name, $.connector)), ".", field("operation", alias($.name, $.operation))),
        field("operation", alias($.name, $.operation)),
      ),
    arguments: ($) => seq("(", optional(trailing($.argument)), ")"),
    argument: ($) => seq(field("name", alias($.name, $.parameter)), ":", field("value", $._expression)),

    // One hidden rule a level, as in flow.lark: comparisons do not chain, and what stands under `not` is no sum.
    _expression: ($) => $._or,
    _or: ($) => choice($._and, $.or),
    or: ($) => binary($._or, "or", $._and),
    _and: ($) => choice($._not, $.and),
    and: ($) => binary($._and, "and", $._not),
    _not: ($) => choice($._comparison, $.not),
    not: ($) => seq("not", field("value", $._not)),
    _comparison: ($) => choice($._sum, $.compare),
    compare: ($) => binary($._sum, choice("==", "!=", "<=", ">=", "<", ">"), $._sum),
    _sum: ($) => choice($._product, alias($._addition, $.arithmetic)),
    _addition: ($) => binary($._sum, choice("+", "-"), $._product),
    _product: ($) => choice($._unary, alias($._multiplication, $.arithmetic)),
    _multiplication: ($) => binary($._product, choice("*", "/", "%"), $._unary),
    _unary: ($) => choice($._coalesce, $.sign),
    sign: ($) => seq(field("operator", choice("+", "-")), field("value", $._unary)),
    _coalesce: ($) => choice($._postfix, $.fallback),
    fallback: ($) => binary($._coalesce, "??", $._postfix),
    _postfix: ($) => choice($._primary, $.member, $.index),
    member: ($) => seq(field("value", $._postfix), choice(".", "!."), field("name", alias($.name, $.property))),
    index: ($) => seq(field("value", $._postfix), choice("[", "!["), field("index", $._expression), "]"),
    _primary: ($) =>
      choice(
        $.reference, $.function, $.string, $.number, $.true, $.false, $.null, $.hole, $.list, $.object, $.template, $.parenthesis,
      ),
    reference: ($) => $.name,
    function: ($) => seq(field("name", alias($.name, $.function_name)), "(", optional(commas($._expression)), ")"),
    list: ($) => seq("[", optional(trailing($._expression)), "]"),
    object: ($) => seq("{", optional(trailing($.entry)), "}"),
    entry: ($) => seq(field("key", choice(alias($.name, $.key), $.string)), ":", field("value", $._expression)),
    parenthesis: ($) => seq("(", $._expression, ")"),
    hole: () => "?",
    true: () => "true",
    false: () => "false",
    null: () => "null",
    type: () => choice("text", "integer", "number", "boolean", "list", "object", "any"),
    name: () => NAME,
    number: () => /(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+\-]?[0-9]+)?/,

    string: ($) => seq('"', repeat(choice($.text, $.escape)), token.immediate('"')),
    text: () => token.immediate(prec(1, /[^"\\\x00-\x1f]+/)),
    escape: () => token.immediate(choice(/\\["\\/bfnrt]/, UNICODE_ESCAPE)),
    template: ($) =>
      seq(
        '$"',
        repeat(choice(alias($._chunk, $.text), alias($._template_escape, $.escape), $.interpolation)),
        token.immediate('"'),
      ),
    _chunk: () => token.immediate(prec(1, /[^"\\{}\x00-\x1f]+/)),
    _template_escape: () => token.immediate(choice(/\\["\\/bfnrt{}]/, UNICODE_ESCAPE)),
    interpolation: ($) => seq(token.immediate("{"), $._expression, "}"),

    comment: () => token(/#[^\n]*/),
  },
});
