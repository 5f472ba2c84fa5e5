"""Rules that tell a harmful request from one that only sounds like it: who does what to whom, never a single word.

Rules of intent say what nobody asks for in good faith. Rules of matter name things that security, moderation and care work with as well, so they
rest where the request says that it defends, reports or helps.
"""

from __future__ import annotations

import re

from flowquill.grammar.refusals import HARMFUL, PRIVACY

_GAP = r"[^.!?;]{0,70}?"
_PARTS = {
    "gap": _GAP,
    "near": r"[^.!?;]{0,25}?",
    "people": r"(?:him|her|them|you|us|people|every(?:one|body)|some(?:one|body)|any(?:one|body)|(?:the |my |our |his |a |an |each |all |any )?(?:\w+ )?(?:girls?|boys?|women|woman|man|men|child|children|kids?|pupils?|students?|judges?|witness(?:es)?|journalists?|teachers?|neighbou?rs?|customers?|colleagues?|co-?workers?|guards?|police|ministers?|wife|husband|ex|boss|victims?))\b",
    "name": r"(?-i:[A-Z][a-z]+)\b",
    "close": r"(?:wife|husband|ex|girlfriend|boyfriend|partner|spouse|fianc\w+|room-?mate|flat-?mate|neighbou?r|teenager|co-?workers?|colleagues?|sister|brother|mother|father|daughter(?:'s boyfriend)?|son)",
    "tell": r"(?:send|e?-?mail|text|message|post|write|tell|tweet|reply|answer|share|publish|schedule|remind|dm|mention|spread|teach)\w*",
    "destroy": r"(?:delet|wip|eras|remov|purg|drop|destroy|shred|empt(?:y|ies)|overwrit|corrupt|clear|encrypt)\w*",
    "move": r"(?:send|e?-?mail|copy|copies|forward|export|upload|sync|post|dump|pass|sell|store|save|get|take|push|pull|mail|bcc|write|collect)\w*",
    "asset": r"(?:customers?|clients?|leads|contacts?|users?|source code|code|contracts?|salar\w+|payroll|secrets?|keys?|tokens?|passwords?|credentials?|card numbers?|records?|payment|confidential|files?|results|merger|list|mails?|data\w*|documents?|prices|plans)",
    "secretive": r"(?:secretly|covertly|quietly|invisibly|in secret|hidden|behind (?:his|her|their|my \w+'?s?|the \w+'?s?) backs?|unknown to (?:him|her|them)|without (?:(?:him|her|them|anyone|anybody)(?:'s)? (?:\w+ing|knowledge|consent|permission|approval|okay?)|telling|his|their)\b|(?:must|should|may|will|can|do|does) not (?:let (?:him|her|them) )?(?:find out|know|notice|see)|(?:nobody|no one) (?:should |will |may |must |can )?(?:knows?|notices?|finds?|sees?)|hide (?:it|this|that) from|keep (?:it|this) quiet)",
    "group": r"(?:im?migrants?|refugees?|foreign(?:ers?| names?)|muslims?|islam|jews?|jewish|christians?|hindus?|sikhs?|arabs?|arabic names?|asians?|africans?|latinos?|mexicans?|black (?:people|neighbou?rhoods?|applicants?|customers?|men|women)|blacks|roma|gyps\w+|gays?|lesbians?|homosexuals?|trans(?:gender)? (?:people|men|women)|lgbt\w*|women(?!'s)|disab(?:led|ilit\w+)|wheelchairs?|pregnant|that ethnicity|ethnic \w+|this race|their religion|older than \d+\b(?! ?(?:m|h|d|w|min\w*|hours?|days?|weeks?|months?|quarters?)\b)(?!\.| years? ago)|over (?:fifty|sixty|50|60)\b(?! (?:percent|euros?|dollars?|gb|mb|degrees)))",
    "login": r"(?:passwords?|passcodes?|credentials?|logins?|pins?|(?:card|bank|account) (?:numbers?|data|details)|cards?|social security numbers?|one-time codes?|(?:verification|access) codes?|passports?(?: scans?)?|tokens?)",
}  # fmt: skip


def _rules(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(re.sub(r"<(\w+)>", lambda m: _PARTS[m[1]], p), re.IGNORECASE) for p in patterns)


_VIOLENCE = _rules(
    r"\b(?:i|we|they|he|she)(?:'ll| will| am| are|'re|'m| want to)(?: going to)? (?:kill|hurt|shoot|stab|beat|murder|attack|break|smash|find) (?:<people>|<name>|his|her|their|your)",
    r"\b(?:kill|murder|hurt|stab|shoot|ambush|assassinate|torture|strangle|lynch|beat up|threaten to (?:kill|hurt))(?:ing)? (?:<people>|<name>(?= (?:after|when|tonight|if|at)))",
    r"\b(?:person|people|those|anyone|who|whom) (?:that )?(?:we|i) (?:want|plan|are going) to (?:kill|shoot|hurt|attack|beat)",
    r"\b(?:you|he|she|they)(?:'ll| will| is| are|'re|'s)(?: going to)? (?:die|bleed|suffer)\b",
    r"\b(?:break|smash|crush|cut off)\w*\b.{0,14}\b(?:arms?|legs?|knees?|bones?|fingers?|necks?|teeth|skulls?|face)\b",
    r"\b(?:build|mak|order|buy|assembl|instruction|recipe|teach|guide|how to|parts)\w*\b<gap>\b(?:pipe bomb|nail bomb|car bomb|bomb(?! disposal| cyclone| squad)|explosives?|nerve agent|molotov|sarin)",
    r"\b(?:attack|bomb|shoot up|torch|burn down|blow up)(?:ing)? (?:on )?(?:the |a |our |that |his |her |their )?(?:school|office|church|mosque|synagogue|temple|crowd|station|market|stadium|embassy|house|home|hospital)\b",
    r"\bwhich (?:\w+ )?(?:school|shop|church|mosque|house|office|store|club)\b<gap>\b(?:attack|torch|burn|bomb|shoot|rob)",
    r"\b(?:house|home|office|school|building|shop)\b<near>\bburns? down\b",
    r"\bso that (?:some(?:one|body)|people|he|she|they|everyone)\b<gap>\b(?:injured|hurt|killed|dies?|poisoned)\b",
    r"\b(?:turn off|switch off|stop|disable|silence|mute)\w*\b<near>\b(?:ventilators?|life support|pacemakers?|insulin pumps?)",
    r"\baddress(?:es)?\b<gap>\b(?:militia|mob|gang|people who will (?:hurt|beat|kill))",
    r"\b(?:bounty on|hit ?squad|hit ?man|contract killer|death threats?|threats? of violence)\b",
    r"\bpoison(?:ing)? (?:the |a |his |her |their |my )?(?:\w+ )?(?:dogs?|guards?|food|water|guests?|people|family)\b",
    r"\b(?:guide|how to|instructions?|ways?)\b<near>\b(?:stab|strangl|murder|kill|poison)\w* (?:<people>|a person)",
    r"\b(?:picture|photo|image) of (?:a |the )?(?:knife|gun|noose|coffin)\b<near>\b(?:soon|next|you)\b",
)
_SEXUAL = _rules(
    r"\b(?:child(?:ren)?|minors?|under-?age\w*|under (?:sixteen|eighteen|1[0-8])|pupils?|girls?|boys?|kids?|teen\w*)\b<gap>\b(?:sex (?:chat|worker|video|with)\w*|sexual (?!harass|educ|health|abuse prev)|naked|undress\w*|nudes?|porn\w*|clothes (?:away|off))",
    r"\b(?:sex (?:chat|worker|video|with)\w*|sexual (?!harass|educ|health)|naked|undress\w*|nudes?|porn\w*)\b<gap>\b(?:child(?:ren)?|minors?|under-?age|under (?:sixteen|eighteen|1[0-8])|pupils?|girls|boys|kids?)\b",
    r"\b(?:meet\w*|date|dates|meetings?)\b<near>\bunder-?age\b",
    r"\b(?:ask(?:ing)?|beg\w*|press\w*|offer\w*)\b<gap>\b(?:for sex|sexual favou?rs)\b",
    r"\b(?:sexual|lewd|erotic|dirty|obscene|raunchy)(?:ly explicit)? (?:message|comment|joke|remark|photo|picture|text|mail|story|storie)s?\b",
    r"\b(?:revenge porn|upskirt)",
    r"\b(?:rank|rate|score|sort)\w*\b<gap>\b(?:how (?:sexy|hot|pretty)|their (?:bodies|looks|breasts))\b",
    r"\b(?:do|doing) to (?:her|him|them|you) in bed\b",
    r"\b(?:did|do|does|has|have) not (?:agreed?|consent\w*) to be(?:ing)? (?:filmed|photographed|recorded)",
)
_SEXUAL_MATTER = _rules(
    r"\b(?:nudes|(?:nude|naked|explicit|intimate) (?:photo|picture|video|image|clip|selfie)s?|porn\w*)\b",
)
_HATE = _rules(
    r"\b<group>\b<gap>\b(?:is|are|as) (?:\w+ ){0,3}(?:vermin|stupid|inferior|parasites?|freaks?|subhuman|animals?|dirty|lazy|scum|worthless|criminals|evil|disgusting|trash)\b",
    r"\b(?:people|race|they|refugee\w*|women)\b<gap>\b(?:inferior|subhuman|parasites?|vermin|scum)\b",
    r"\b<group>\b<near>\b(?:spread disease|should (?:leave|go|not (?:vote|work|lead))|too (?:stupid|weak|emotional) to)",
    r"\bgo back to (?:your|their|where)\b|\b(?:our|their|that) kind\b",
    r"\b(?:driv|kick|throw|get)(?:e|ing)? (?:out|rid of)\b<near>\b(?:them|<group>)|\b<group>\b<gap>\bget rid of\b",
    r"\b(?:reject|refus|bin|delet|fir|dismiss|ban|block|den|turn(?:s|ing)? down|lower|downgrad|exclud|ignor|discard|charg|mov|flag)(?:e|es|ed|ing|y|ies|s|n|ning)?\b<gap>\b<group>",
    r"\b<group>\b<gap>\b(?:bin (?:the|their)|reject (?:the|their|them)|refuse|twice the price|to the trash|answer with a slur|insult)",
    r"(?<!not )(?<!n't )(?<!never )\b(?:mock|insult|ridicul|humiliat|harass|bully)(?:e|es|ing|s)?\b<near>\b(?:<people>|<group>|religion|who appl)",
)
_HATE_MATTER = _rules(
    r"\b(?:add|post|write|answer|reply|send|tweet|publish|spread|share)\w*\b<gap>\b(?:slurs?|racist|anti-?semitic|hateful|xenophobic|homophobic|sexist|islamophobic)\b",
)
_SELF_HARM_MATTER = _rules(
    r"\b(?:kill|hurt|cut|harm|starve|hang|poison|drown)(?:ing)? (?:my|him|her|your|one|them)sel(?:f|ves)\b",
    r"\bsuicid\w*|\bself-harm",
    r"\b(?:end|take|ending|taking) (?:my|her|his|your|their) (?:own )?life\b|\bend it all\b|\bbetter off dead\b",
)
_SELF_HARM = _rules(
    r"\bsuicide (?:is|was|as) (?:the|a) (?:only|best|good)|\b(?:my|group|a) suicide\b(?! prevention)",
    r"(?<!on )(?<!for )\boverdos\w*\b(?! of (?:meeting|e?-?mail|message|notification|alert)s?)|\blethal dose|\bslit\w* (?:my|her|his|your|their )?\s?wrists?",
    r"\b(?:take|swallow) (?:all|every)(?: of)?(?: my| the| your| their)? pills",
    r"\b(?:best|painless|easy|quick|which) ways? (?:to|of) (?:die|dying|kill)|\b(?:enough|bridges?) to die\b",
    r"\b(?:how deep|deep) (?:i|you) cut|\bfresh cuts\b|\bcut deeper\b",
    r"\b(?:throw up|vomit|purge) after (?:every|each|my|all)? ?meals?\b|\b(?:skip|stop) (?:all|every) meals?\b|\bstop eating\b|\bmust starve\b|\bwithout (?:food|eating) and\b",
    r"\b(?:hid|conceal)\w* (?:an |my |their )?eating disorders?\b|\bpro-ana\b",
    r"\bdrink (?:bleach|poison|acid)\b|\bnobody would miss\b|\b(?:he|she|they|you) should (?:jump|die)\b",
    r"\b(?:encourag|challeng|urg|tell)\w*\b<gap>\b(?:hurt themselves|harm themselves|kill (?:them|him|her)sel(?:f|ves)|ends? with self-harm)",
)
_MASS_MAIL = _rules(
    r"\bunsolicited\b|\bmail ?-?bomb|\b(?:never|not|n't) (?:asked|ask|agreed|agree|signed up|opted in)\b<near>\b(?:for|to it|it)\b|\b(?:have|had|did) not agreed? to it",
    r"\b(?:offer|advert|mail|text|message|newsletter)\w*\b<gap>\bwithout (?:their )?(?:consent|permission)\b",
    r"\b(?:send(?!er)|post|dm|deliver|mail|write)\w*\b<near>(?<!label )(?<!label [\"'])\bspam\b(?! (?:report|statistics|folder|filter|alert))|(?:^|\b(?:and|to|then|,) )spam (?:the|all|every|my|our|people|users)\b",
    r"\bspam filters?\b<near>\b(?:let|miss|fooled|not (?:see|catch))|\b(?:evade|bypass|past|around|fool|trick)\w*\b<near>\b(?:spam )?(?:filters?|scanners?)\b",
    r"\b(?:flood|bombard|clog|swamp|overwhelm|jam)(?:s|ing)? (?:the|his|her|their|my|our|every|a)\b<gap>\b(?:inbox|mailbox|address|mails?|messages?|hotline|fax|phone|line|support|desk|form|channel)",
    r"\b(?:thousands?|millions?)(?: of)? (?:e?mails?|messages?|tickets?|times|addresses|numbers|calls|texts)\b",
    r"\b(?:after|although|though|even if|when) they (?:unsubscribed?|opt(?:ed)? out|said no)|\bimpossible to (?:opt out|unsubscribe)",
    r"\b(?:whole|entire) (?:world|town|city|internet|country)\b|\ball numbers from \d",
    r"\b(?:so that|until) (?:nobody|no one) else (?:gets|can)|\buntil (?:it|they|the \w+) (?:breaks?|crash\w*|collapses?)",
    r"\b(?:fake|made-up|bogus) (?:accounts?|people|profiles|reviews?|users)\b|\bendless loop of\b",
    r"\b(?:buy|bought|scraped?|stolen)\b<near>\b(?:lists?|addresses|numbers)\b<gap>\b(?:e?mail|offer|advert|send|sms|text|about)|\baddress(?:es)? scraped\b|\bstolen (?:list|addresses|identit\w+)",
    r"\bmail\w* them (?:twice|ten times|hourly)",
)
_PHISHING = _rules(
    r"\bscams?\b|\bmiracle cures?\b",
    r"\b(?:fake|false|bogus|forged?|cloned?|spoof\w*|counterfeit|phony)\b<near>\b(?:log-?in|sign-?in|invoice|portal|page|customs|refund|security alert|docusign|prizes?|notice|approval|warning|parcel|request)",
    r"\b(?:impersonat|masquerad)\w*|\bpretend(?:s|ing)? to be\b|\bpos(?:e|ing) as\b",
    r"\blooks? (?:official|like)\b<gap>\b(?:passwords?|credentials?|pin|log-?in|type|bank)\b",
    r"\b(?:trick|lure|fool|deceive|con|persuade)(?:s|ing)? (?:<people>|<name>|the \w+|new \w+|\w+)\b<gap>\b(?:<login>|money|typing|giving)",
    r"\b(?:ask|asks|asking|request|requests|collect|collects|harvests?|steals?|stealing|get|gets|takes|confirm|type|give up|gives up)\b<gap>\b(?:their|his|her|for|from (?:employees|users|customers)|all|the)? ?(?:<login>)\b<gap>\b(?:by sms and use|log in as|from employees|from (?:the |our |my )?\w+ team|into my form)",
    r"\b(?:must|should|have to|need to) (?:confirm|verify|enter|send) (?:their|your|his|her) <login>",
    r"\b(?:false|fake)\b<gap>\b(?:collect|take|ask)\w*\b<gap><login>",
    r"\b(?:write|e?mail|message|text|send|call)\w*\b<gap>\b(?:as (?:the|their|my|his|her|a|an) (?!soon|bot|pdf|attach\w*|link|file|csv|list|table|html|reply|comment|text|card)|in (?:my|the|his|her) \w+('s)? name)<gap>\b(?:transfers?|money|gift cards?|payments?|to my account)\b",
    r"\b(?:changed|new|my) (?:bank details|account number)\b<gap>\b(?:point|to me|mine)|\binvoices?\b<near>\bmy account number|\bmy payment link\b|\btransfer\b<near>\bto my (?:own |private )?account\b",
    r"\blinks?\b<near>\bthat (?:takes|steals|captures|harvests) their\b|\b(?:copy|clone) of the (?:log|sign)-?in\b|\b(?:form|page|survey)\b<near>\b(?:looks like|steals|copies)\b",
    r"\b(?:harvest|steal|phish)\w*\b<near>\b<login>",
)
_COVERT = _rules(
    r"\b<secretive><gap>\b(?:track|record|read|monitor|forward|copy|log|spy|watch|save|store|pull|collect|bcc|location|messages?|chats?|calls?|browsing)",
    r"\b(?:track|record|read|monitor|forward|copy|copies|log|watch|save|pull|collect|bcc|alert me|tell me|report|store|add|note)\w*\b[^.!?;]{0,110}?\b<secretive>",
    r"\b(?:spy(?:ing)? on|stalk(?:s|ing)?)\b|\bmust not find out\b",
    r"\b(?:track|follow|monitor|watch|log|read|note)\w*\b<near>\b(?:my|his|her|the) (?:\w+ )?<close>\b<near>\b(?:phone|location|mails?|messages?|chats?|leaves?|moves?|goes|writes|calendar|inbox)",
    r"\b(?:location|movements|whereabouts) of (?:my <close>|the (?:woman|man|girl|boy)|<name>)",
    r"\b(?:track|follow|monitor|log|watch|record|read|copy|copies|forward|collect)\w*\b<near>\b(?:private|direct|personal) (?:messages?|chats?|mails?|calls?) (?:of|between|from)\b(?! me)",
    r"\b(?:monitor|record|watch|track|log|report)\w*\b<gap>\b(?:union|works council|activists?|dissidents?|journalists?|protesters?|whistleblowers?)\b(?![ -](?:site|website|news|polic|hotline|form|channel))",
    r"\b(?:screenshots?|photos?|messages?)\b<near>\bof my <close>'s (?:phone|screen|laptop)",
    r"\bprofiles? (?:of|on) (?:each|every|all|the) (?:activist|dissident|protester|critic)s?\b|\bsecret file\b",
    r"\bmicrophones?\b<gap>\b(?:unknown to|what people say|not knowing)",
)
_DELETION = _rules(
    r"\b<destroy>\b<gap>\b(?:(?:so )?(?:that )?(?:nobody|no one|no-one|the \w+ never) (?:can|could|finds?|sees?|knows?|notices?|ever|will)|gone for good|unrecoverabl|out of revenge|for fun|to make (?:them|him|her|us) look bad|to sabotage|ask\w* for (?:bitcoin|money|ransom)|lock everyone out|before the (?:\w+ )?(?:audit|inspect|investigat|police|trial)|to protect the boss|with garbage|without (?:anyone's |any |the owner's )?permission)",
    r"\b(?:last day|am fired|get fired|fire me|contract ends|i leave|i quit)\b<gap>\b<destroy>|\b<destroy>\b<gap>\b(?:i am fired|i get fired|they fire me|my rival|my competitor|coworkers?)\b",
    r"\b<destroy>\b<near>\b(?:the evidence|emails? that prove|complaints? (?:about me|of harassment)|audit logs?|sign-in logs?|activity log)\b<gap>\b(?:from|before|that|so|nobody|after|to protect|me)\b",
    r"\b<destroy>\b<near>\b(?:every|all|the) backups?\b(?! (?:older|that|from|of the test|over|beyond|except))",
    r"\b<destroy>\b<near>\b(?:every(?:body|one)'s (?:mailbox|files|data|account)|all tables of the prod\w+|the other \w+'s (?:files|data))|\b<destroy>\b<near>\bwhatever my (?:rival|competitor|colleague)",
    r"\b(?:data|files|backups?)\b<near>\bunrecoverable\b|\bdrop everything\b(?! (?:but|except)\b)(?! (?:\w+ )?(?:from|in|of) (?:the|this|my) flow)|\bset fire to prod",
)
_EXFILTRATION = _rules(
    r"\b<move>\b<gap>\b<asset>\b[^.!?;]{0,80}?\b(?:competitors?|rivals?|my (?:private|personal|own|home) (?:\w+ )?(?:dropbox|drive|account|sheet|gmail|table|mailbox|server|cloud|one ?drive)|my (?:server|next employer|broker)|to me at home|strangers?|pastebin|paste site|public (?:page|sheet|site)|attackers?|outside the (?:company|hospital|firm|building)|another company|next employer|friend's firm|(?:i|we) sell them|can sell)\b",
    r"\b(?:siphon|exfiltrate)\b|\bsmuggl\w*\b<near>\b(?:out|people|drugs|weapons|guns|<asset>)\b|\bleak (?:the|our|their|all|every|customer|confidential)\b",
    r"\b(?:steal|stealing|stole) (?:the |all |our |their |session |other )?(?:\w+ )?(?:list|data\w*|tokens?|files?|code|design\w*|secrets?|emails?|records?|photos?|identit\w+)",
    r"\bsell(?:s|ing)?\b<near>\b(?:stolen|identit\w+|(?:users?|customers?|patients?)('s?)? (?:data|list|records))|\bnumbers and sell it\b|\b(?:data|list|records)\b<gap>\b(?:and|can) sell (?:it|them)\b",
    r"\b(?:get|take|bring|move)\w*\b<gap>\bout of the company\b<gap>\b(?:without|unseen|unnoticed|secretly)",
    r"\b(?:bypass|evade|circumvent|get around)\w*\b<near>\b(?:data loss|dlp|approval|filters?|scanners?|rules|policy|safeguards?)|\b(?:filter|scanner)s? (?:lets? them|misses|does not see)",
    r"\b(?:mail|send|post|upload|forward|bcc)\w*\b<near>\b(?:all|every|each|new|the) (?:of the )?(?:secrets?|credentials?|passwords?|api keys?|tokens?)\b<gap>\b(?:to|at) (?:(?-i:[\w.]+@)|my server|paste|the attacker|evil|public)",
    r"\bnew secret\b<gap>\bto my server\b|\bpassword reset mails?\b<near>\bin my own\b|\bcopy of every password reset",
)
_PRIVILEGE = _rules(
    r"\b(?:add|grant|give|make|promote|elevate|assign|unlock)\w*\b<gap>\b(?:without (?:approval|permission|telling|asking)|behind (?:the )?\w+(?:'s?)? backs?|(?:is|are|was) not (?:allowed|authori[sz]ed|permitted)|so that (?:i|we) can (?:get|sneak|log) in|keep it quiet|(?:attackers?|hackers?)(?!'s? (?:ip|address|domain|url|host|hash)))",
    r"\b(?:hidden|secret|back-?door)(?: \w+)? (?:admin\w*|account|user|access|owner)\b|\badmin\w*\b<near>\bhide it\b|\bnobody knows of\b",
    r"\bapprov\w*\b<near>\b(?:all )?(?:of )?my own\b|\b(?:fake|forge\w*|false)\b<near>\bapprovals?\b",
    r"\btake over the (?:account|mailbox|identity)\b|\blog in (?:as|with) (?:him|her|<name>'s|another)",
    r"\b(?:disabl|turn off|switch off|suppress|remov)\w*\b<gap>\b(?:alerts?|multi-?factor|mfa|conditional access|anti-?virus|scanner|audit|security team\w*)\b<gap>\b(?:then promote|promote me|so (?:that )?(?:i|we)|before i|run the|attack|my own)",
    r"\b(?:open|unlock|let|admit)\w*\b<gap>\b(?:the |to )(?:hackers?|attackers?)\b",
    r"\bremoves? my (?:rights|access|role)\b<gap>\bgive them back\b|\bmake every file\b<gap>\bpublic\b<gap>\b(?:outside|buddies|friends)",
    r"\breset the password of\b<gap>\b(?:send|mail) it to me\b|\bmy private account\b<near>\bowners?\b",
)
_CRIME = _rules(
    r"\b(?:fake|false|bogus|cloned?)\b[^.!?;]{0,90}?\b(?:collect|takes?|ask|steal|captur|harvest)\w*\b<near><login>",
    r"\b(?:blackmail|extort|launder|embezzl)\w*\b(?! (?:insurance|checks?|prevention|alerts?|cases?|rules?|policy|training|report))|\bbcc the attacker\b|\bvictims? of (?:our|my) scam|\b(?:attacker|hacker)'s (?:server|account|mailbox|address)\b",
    r"\b(?:hack|break) into (?:the |his |her |their )?(?:mailbox|account|phone|laptop|network|server|system)",
)

INTENT: tuple[tuple[str, tuple[re.Pattern[str], ...]], ...] = (
    (PRIVACY, _COVERT),
    (HARMFUL, (*_VIOLENCE, *_SEXUAL, *_HATE, *_SELF_HARM, *_MASS_MAIL, *_DELETION, *_EXFILTRATION, *_PRIVILEGE, *_CRIME)),
)
"""Reasons to refuse with their rules; they hold whatever else the request says."""

MATTER: tuple[tuple[str, tuple[re.Pattern[str], ...]], ...] = (
    (HARMFUL, (*_PHISHING, *_SEXUAL_MATTER, *_HATE_MATTER, *_SELF_HARM_MATTER)),
)
"""Rules that rest where the request defends or helps."""
