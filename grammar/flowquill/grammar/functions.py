"""Functions of the Workflow Definition Language (stub)."""
from dataclasses import dataclass
@dataclass(frozen=True, slots=True)
class Signature:
    name: str
    minimum: int
    maximum: int | None
    result: str
    summary: str = ""
FUNCTIONS = {n: Signature(n, a, b, r) for n, a, b, r in [("concat",1,None,"text"),("length",1,1,"integer"),("empty",1,1,"boolean"),("contains",2,2,"boolean"),("utcNow",0,1,"text"),("addDays",2,3,"text"),("first",1,1,"any"),("last",1,1,"any"),("split",2,2,"list"),("toLower",1,1,"text"),("startsWith",2,2,"boolean"),("endsWith",2,2,"boolean"),("formatDateTime",1,3,"text"),("int",1,1,"integer"),("json",1,1,"any"),("outputs",1,1,"any"),("body",1,1,"any"),("coalesce",1,None,"any"),("replace",3,3,"text")]}
