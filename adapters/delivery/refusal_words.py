"""The words by which servers say why they refuse a mail, each with its meaning.

The first entry with a phrase that is found decides, so the order matters: what names our side
comes before what names the address, because it also says "unknown" or "does not exist", of the
sender. Verdicts on the letter come last, because servers name their filters in every answer.

A phrase is a regular expression in lower case. `…` stands for up to 40 characters of the same
sentence, NOBODY for a word for the recipient, GONE for a word for what became of one. Phrases
have no nested repetition, so that no text from outside makes them slow. The file is long because
it is one table, a phrase a line.
"""

from __future__ import annotations

import re
from typing import Literal

Meaning = Literal["dead", "passing", "about_us"]
"""`dead`: nobody will ever read mail at this address. `passing`: another time it may be taken.
`about_us`: the server refuses our servers, our domain, our rate or this letter. That is no
evidence on the address."""

_NOBODY = (
    r"(?:user|recipient|mailbox|account|address|addressee|e-?mail|person|customer|subscriber"
    r"|member|inbox|employee|maildrop)s?"
)
_GONE = (
    r"(?:unknown|(?:was|were|is|are)n['’]?t (?:found|known|valid|registered)|not (?:be )?(?:found|known|exist\w*|valid|recogni[sz]ed|listed|registered|local"
    r"|active|enabled)|no[nt][- ]?exist\w*|invalid|undeliverable|unrout[e]?able|inactive|disabled"
    r"|deactivated|terminated|closed|deleted|suspended|discontinued|cancel+ed|removed|unavailable"
    r"|not available|(?:does|did)n[o']?t exist|no longer|has expired|is expired|retired|locked)"
)

_PHRASES: tuple[tuple[str, Meaning, tuple[str, ...]], ...] = (
    (
        "check_domain",
        "dead",
        (
            r"domain (?:is )?not reachable",
            r"check the domain",
            r"account or domain may not exist",
            r"invalid dns mx",
        ),
    ),
    (
        "inactive",
        "dead",
        (
            r"NOBODY\b…\b(?:due to|because of|for) (?:\w+ ){0,2}(?:inactivity|non-?use)",
            r"due to (?:\w+ )?inactivity",
            r"permanently (?:disabled|closed|deactivated|suspended|deleted)",
        ),
    ),
    (
        "sender",
        "about_us",
        (
            r"(?:batv|bounce address tag)",
            r"(?:non-?member|members?[- ](?:only|list))",
            r"(?:incorrect|wrong) sender",
            r"sender'?s? (?:is )?not (?:in|on)",
            r"for sender\b",
            r"akzeptiert nur",
            r"permission to (?:send|post|relay|mail)",
            r"mail from \S+ violat",
            (
                r"(?:sender|mail ?from|reverse[- ]path|return[- ]path"
                r"|envelope[- ]from)(?:'s)?\b…\b(?:reject|denied|not|unknown|invalid|doesn|cannot|can't|block|verif|listed)"
            ),
            (
                r"(?:from|sending|originating) (?:address|domain|user|host"
                r"|server)…\b(?:reject|denied|not|unknown|invalid|doesn|cannot|block|verif|listed|resolv)"
            ),
            (
                r"(?:bad|invalid|unknown|unverified|unauthori[sz]ed|illegal) (?:sender"
                r"|return path|from)"
            ),
            r"domain of (?:the )?sender",
            r"sender'?s? (?:address|domain|host|ip|verif)",
            r"verify (?:the )?sender",
            r"callback",
            r"callout verif",
            r"backscatter",
            (
                r"(?:refus|reject|block|den[iy]|accept|allow|permit)\w* (?:any "
                r"|all )?(?:e?-?mails?|messages?|connections?|traffic) from"
            ),
            (
                r"(?:messages?|e?-?mails?|connections?) from (?:\[?\d|your|the ip|this (?:ip"
                r"|host|server|domain|sender))"
            ),
            (
                r"you (?:are|were|have been) (?:blocked|banned|not (?:allowed|authori[sz]ed"
                r"|permitted))"
            ),
            r"not (?:allowed|authori[sz]ed|permitted) to send",
            r"\bfrom: (?:domain|header|address)",
            r"valid from\b",
            (
                r"google (?:groups|gruppen|grupper|gruppi|groepen|grupy|グループ|网上论坛|群組|그룹스)"
                r"|(?:grup(?:os|pi|y|er)|groupes|skupiny) (?:de |do |v )?google|groups\.google\.com"
            ),
            r"you…(?:are|is) not (?:a )?(?:member|subscribe)",
        ),
    ),
    (
        "client",
        "about_us",
        (
            r"client host",
            r"\bhelo\b",
            r"\behlo\b",
            r"\bfcrdns\b",
            r"\brdns\b",
            r"\bptr\b",
            r"reverse (?:dns|host|lookup)",
            r"(?:find|resolve|lookup) your",
            r"your (?:ip|server|host|network|domain|mail ?server|isp|smtp)",
            r"dynamic(?:ally)? (?:ip|address|assign)",
            r"residential",
            r"dial-?up",
            (
                r"\bip (?:address )?\[?[\d.:]*\]? ?(?:is |has been |was )?(?:block|ban|black"
                r"|den|refus)"
            ),
            r"(?:bad|invalid) (?:dns|host ?name|ip)",
            r"starttls",
            r"(?:tls|ssl|encryption) (?:is )?requ",
            r"\bbanned\b",
            r"due to (?:\w+ ){0,2}polic(?:y|ies)",
            r"policy (?:reasons|restrictions)",
            r"(?:contact|ask) your (?:internet |email )?service provider",
        ),
    ),
    (
        "blocklist",
        "about_us",
        (
            r"(?:block|black|deny|reject)[ -]?list",
            r"\bd?rbls?\b",
            r"\bdnsbl\b",
            r"\bcbl\b",
            r"\bsorbs\b",
            r"spamhaus",
            r"spamcop",
            r"abuseat",
            r"barracudacentral",
            r"uceprotect",
            r"senderscore",
            r"invaluement",
            r"proofpoint\.com",
            r"cloudmark",
            r"surbl",
            r"uribl",
            r"senderbase",
            r"mailspike",
            r"backscatterer",
            r"\b(?:is|was|are) (?:currently )?listed",
            r"reputation",
            r"complaints?\b",
        ),
    ),
    (
        "rate",
        "about_us",
        (
            r"\brate[- ]?(?:limit|control|exceed|of)",
            r"at a rate",
            r"throttl",
            r"too (?:many|frequent|often|much|fast)",
            r"frequency",
            r"unusual (?:rate|amount|number|volume)",
            r"slow(?:ing)? down",
            (
                r"(?:daily|hourly|sending|outgoing|outbound|submission|message|messages"
                r"|package|plan) (?:\w+ )?(?:quota|limit|allowance|rate)"
            ),
            (
                r"exceed…\b(?:per (?:hour|day|minute|connection)|messages|recipients"
                r"|connections|this hour|today)"
            ),
            r"limit (?:on|for|of) (?:messages|outgoing|recipients|connections)",
            r"(?:this|an|per|each|every) (?:hour|minute)",
        ),
    ),
    (
        "relay",
        "about_us",
        (
            r"(?<!valid)rcpt ?hosts",
            r"\brelay\w*…\b(?:den|not|prohib|forb|disallow|refus|reject|block|unauth|fail)",
            (
                r"\b(?:not|unable|cannot|can't|won't|no|unauthori[sz]ed|attempt\w*|denied"
                r"|refuse) (?:\w+ )?(?:\w+ )?relay"
            ),
            r"authenticat\w+ (?:is )?(?:requ|fail|need)",
            r"must (?:first )?(?:authenticate|log ?in)",
            r"un-?authenticated",
            r"not authenticated",
            r"pop (?:before|first)",
            r"log ?in first",
            r"smtp auth",
            r"check(?:ed)? (?:for )?(?:your |new )?mail (?:first|before)",
        ),
    ),
    (
        "authentication",
        "about_us",
        (
            r"\bdmarc\b",
            r"\bspf\b",
            r"\bdkim\b",
            r"sender ?id\b",
            r"domain ?keys",
            r"spoof",
            r"forg(?:ed|ery)",
        ),
    ),
    (
        "full",
        "passing",
        (
            r"quota",
            r"(?:not enough|insufficient|no|out of) (?:\w+ )?(?:storage|disk|space)",
            r"disk (?:is )?full",
            r"storage (?:space|allocation|limit|exceed)",
            (
                r"(?:mail ?box|inbox|folder|account|user|recipient)\b…\b(?:full\b"
                r"|over (?:the |its )?(?:size|storage|limit|allowed)|exceed\w* (?:its|the|max|size|storage|limit))"
            ),
            r"full (?:mail ?box|inbox)",
            r"(?:mail ?box|inbox) (?:size|limit)",
            r"postfach\b…\b(?:voll|überfüllt)",
            r"speicherplatz",
            r"disk space",
            r"enough (?:free )?(?:disk |storage )?space",
            r"bo[iî]te…pleine",
            r"buz[oó]n…llen[oa]",
            r"casella…piena",
            r"caixa…(?:cheia|lotada)",
            r"переполнен",
            r"いっぱい",
            r"一杯",
            r"已满",
            r"満杯",
            r"容量",
        ),
    ),
    (
        "temporary",
        "passing",
        (
            r"(?<!going to )(?<!spaces and )(?<!correct and )(?<!address and )try (?:again|later)",
            r"temporar",
            r"gr[ea]ylist",
            r"retry (?:later|time)",
            r"transient",
            r"deferred",
            r"timed? ?-?out",
            r"not (?:currently|presently)",
            r"come back later",
            r"\bbusy\b",
            r"(?<!queue )too long",
            r"connection (?:refused|reset|lost|dropped|died|fail|timed)",
            r"lost connection",
            r"(?:network|host) (?:is )?(?:unreachable|down)",
            r"no route to host",
            r"(?:could|can) ?not (?:be )?connect",
            r"couldn't (?:establish|connect|make)",
            r"mail loop",
            r"loops back",
            r"loop detected",
            r"too many hops",
            r"hop count",
            r"resources? (?:temp|not|un)",
            r"(?:internal|server|system|configuration|local) (?:\w+ )?(?:error|problem)",
            r"unexpected name server",
            r"may not exist,? or",
            r"il se peut",
            r"可能不存在",
            r"可能性",
            r"not responding",
            r"(?:did not|didn't|does not) respond",
            r"queue period",
            r"could not find a gateway",
            r"mx record points to local",
            r"points? (?:back )?to (?:localhost|local host)",
            r"lock(?:ing)? (?:failure|failed|error)|(?:could|can)(?:n['’]t| ?not) lock",
            r"(?:error|failure|failed|unable|(?:could|can)(?:n['’]t| ?not))…\b(?:writ(?:e|ing)|creat(?:e|ing)|append(?:ing)?)\b",
            r"command (?:died|terminated|output:? \S+: signal)|exit status 7[1-5]",
        ),
    ),
    (
        "unknown_user",
        "dead",
        (
            (
                r"\b(?:no such|no|not an?|unknown|invalid|non-?existent|undefined"
                r"|unrecogni[sz]ed|incorrect|wrong|obsolete|illegal|inactive|disabled|deactivated|expired|suspended|unrouteable|undeliverable|bad|unresolvable|closed|dead) (?:known |valid |active |local |destination |virtual |delivery |mail |such |smtp )?(?:known |valid |active |local |mail |e-?mail )?NOBODY\b"
            ),
            r"\bNOBODY\b…\bGONE\b",
            r"nosuchuser",
            r"(?:user|recipient|mailbox)s? (?:\w+ )?not accepted",
            r"NOBODY\b…\bnot (?:present|ok|there|on (?:this|our|the) (?:server|system|host|site))\b",
            r"\bNOBODY (?:is )?(?:frozen|archived|dead)\b",
            r"archived NOBODY",
            r"no ?(?:one|body) (?:is )?(?:at|with|by|under|here)\b",
            r"can(?:'t|not) accept NOBODY",
            r"missing home directory",
            r"(?:bad|valid)rcptto",
            r"bad ?recipient ?to",
            r"envelope recipient (?:has been )?denied",
            r"rejected recipients",
            r"rcpt (?:rejected|refused): unknown",
            r"recipient verif\w+ failed",
            r"recipient (?:address )?(?:rejected|refused)\W*(?:$|giving up on)",
            r"not found recipient",
            r"unable to deliver to …\W*(?:$|giving up on)",
            r"but the recipient\b…\b(?:not|n't|unknown)",
            r"user ?unknown",
            r"unknown ?user",
            r"no such (?:person|local|name|alias|id)",
            r"recip(?:ient)? ?not ?found",
            r"adr\.recip",
            r"mailbox (?:is )?(?:un|not )available",
            (
                r"(?:does|did|do)(?:n['o]?t| not) (?:have|know|match)…\b(?:NOBODY|here"
                r"|entry|alias)\b"
            ),
            r"(?:does|do)(?:n'?t| not) exist",
            r"not exist",
            r"no[nt][- ]exist",
            r"not (?:found )?in (?:\S+ )?(?:director|ldap|address ?book|user ?list|database)",
            r"(?:is|are) not an? (?:valid |known |local |active )?NOBODY",
            r"no (?:one|mail ?box|account|user|alias|recipient) (?:here|by|with|named|found|of)\b",
            r"no (?:valid |such )?recipients?",
            r"no longer (?:works|with|employ|in|valid|active|at|avail|accept)",
            r"not listed in",
            r"no match(?:es)?\b",
            r"(?:could|can)(?:n't| ?not) be found",
            r"left the company",
            r"(?:has|have) (?:left|moved)",
            r"5\.4\.1\b…recipient…access denied",
            r"all recipient addresses rejected",
            r"address rejected\W+(?:user|unknown|undeliver|unverif|no such|not)",
            r"can(?:'|no)t (?:find|open|locate)…(?:mailbox|user|recipient|account|maildir)",
            r"unable to (?:find|locate|open)…(?:recipient|user|mailbox|account)",
            r"unknown (?:to|local|in|or)\b",
            r"address lookup failed",
            r"addressee",
            r"not (?:our|a) customer",
            r"not a subscriber",
            r"nobody here",
            r"who\?",
            r"no mailbox",
            r"user reject",
            r"unrouteable mail",
            r"user ?id:",
            r"mailbox name (?:not allowed|invalid)",
            r"doesn't have an? \S+ account",
            r"not our (?:user|customer)",
            r"(?:recipient )?address rejected\W*(?:$|giving up on)",
            r"ディレクトリのリストに",
            r"アドレス(?:は|が)?(?:不明|使われておりません|使用されておりません|無効)",
            r"(?:アドレス|受信者|ユーザー?)(?:が|は)?見つから",
            r"(?:not known|not handled|unknown) (?:at|on|here|by)\b",
            r"(?:verify|check)…recipient's",
            (
                r"\b(?:empf[äa]e?nger|benutzer|adresse|postfach|mailbox|e-mail-konto|konto"
                r"|teilnehmer)\b…\b(?:unbekannt|nicht|existiert nicht|ung[üu]e?ltig|gesperrt|deaktiviert|gel[öo]e?scht)"
            ),
            (
                r"\b(?:kein\w*|unbekannte\w*|ung[üu]e?ltige\w*) (?:solche\w* "
                r"|g[üu]e?ltige\w* )?(?:empf|benutzer|adress|e-?mail|postfach|konto)"
            ),
            r"existiert nicht",
            r"nicht bekannt",
            r"nicht gefunden",
            (
                r"\b(?:utilisateur|destinataire|adresse|compte|bo[iî]te)\b…\b(?:inconnu"
                r"|introuvable|invalide|inexistant|d[ée]sactiv|archiv)"
            ),
            r"n['’]existe (?:pas|plus)",
            r"n['’]a pas été trouvée?",
            r"\bauc(?:un|une) (?:destinataire|bo[iî]te|compte|utilisateur)",
            (
                r"\b(?:usuario|destinatario|direcci[oó]n|cuenta|buz[oó]n)\b…\b(?:desconocid"
                r"|no (?:es )?v[aá]lid|no exist|inexist|inv[aá]lid|desactivad|no (?:se )?encontr)"
            ),
            r"no se (?:ha )?(?:encontr[oó]|encontrado|pudo encontrar) la direcci[oó]n",
            r"no existe",
            (
                r"\b(?:endere[cç]o|usu[aá]rio|destinat[aá]rio|conta|caixa)\b…\b(?:desconhecid"
                r"|n[aã]o|inexist|inv[aá]lid|desativad)"
            ),
            r"n[aã]o foi poss[ií]vel encontrar o endere[cç]o",
            r"n[aã]o existe",
            (
                r"\b(?:utente|destinatario|indirizzo|casella)\b…\b(?:sconosciut|inesistente"
                r"|non (?:esist|valid|(?:è stato )?trovat)|disabilitat)"
            ),
            r"impossibile trovare l['’]indirizzo",
            r"nessun utente",
            r"non esiste",
            r"onbekend",
            r"bestaat niet",
            r"\be?-?(?:mail)?adres\b…\bniet\b…\bgevonden",
            r"nie istnieje",
            r"nieznan",
            r"nie ma takie",
            r"nie można odnaleźć \S+ adres",
            r"adresa? nebyla? nalezen",
            r"nie znaleziono (?:adresu|odbiorcy|u[żz]ytkownika)",
            r"neexistuje",
            r"nenalezen",
            r"neznám[ýáé]",
            r"bulunamad\u0131",
            r"mevcut değil",
            r"nem létez",
            r"okänd",
            r"ukendt",
            r"tuntematon",
            r"existerar inte",
            r"finns inte",
            r"hittades inte",
            r"findes ikke",
            r"blev ikke fundet",
            r"finnes ikke",
            r"ble ikke funnet",
            r"kjenner ikke",
            r"ei löydy",
            r"ei löytynyt",
            r"не существует",
            r"не найден",
            r"неизвестн",
            r"недействительн",
            r"несуществующ",
            r"нет такого (?:пользователя|адреса|ящика|получателя)",
            r"(?:пользователя|адреса|ящика|получателя) нет\b",
            r"(?:пользователь|ящик|уч[её]тная запись|адрес|аккаунт)…(?:отключ|заблокир|удал[её]н|не зарегистр)",
            r"не удалось найти (?:\S+ ){0,4}(?:адрес|получат|пользоват|домен)",
            r"存在しません",
            r"存在しない",
            r"存在しておりません",
            r"見つかりません",
            r"宛先不明",
            r"宛先が",
            r"不明なユーザ",
            r"ユーザーが",
            r"不存在",
            r"无效",
            r"找不到",
            r"未找到",
            r"(?:사용자|계정|주소|메일함)(?:가|이|는|은)? ?없",
            r"존재하지",
            r"찾을 수 없",
        ),
    ),
    (
        "unknown_domain",
        "dead",
        (
            (
                r"(?:host|domain|system)(?: name| or domain name)?s?\b…\b(?:not found|wasn['’]t found"
                r"|unknown|not exist|doesn't exist|not known|invalid|non-?exist|no longer|expired|not local|lookup failed)"
            ),
            (
                r"(?:unknown|invalid|illegal|no such|non-?existent|unresolvable"
                r"|bad) (?:\w+ )?(?:host|domain|mail server|destination)"
            ),
            r"nxdomain",
            r"(?:null|no) ?mx\b",
            r"no dns",
            r"\bmx (?:record|lookup|server)s?…\b(?:not|no|fail|point|invalid|doesn)",
            r"couldn't find any host",
            r"no (?:valid |usable )?(?:mail ?(?:exchanger|server|host)|a record)",
            (
                r"(?:cannot|can't|could not|unable to) (?:resolve|find|route)…\b(?:host"
                r"|domain|mail|dns|route|server|mx)"
            ),
            r"unrouteable",
            r"does ?n[o']t accept (?:any )?(?:e-?)?mail",
            r"not accept(?:ing)? (?:any )?(?:e-?)?mail",
            r"name service error",
            r"nom de domaine",
            r"no longer accept",
            r"no smtp service",
            r"host/domain",
            r"host address lookups failed",
            r"no host found",
            r"domain must exist",
            r"name or service not known",
            r"no route (?:found )?to domain",
            r"responded with code (?:nxdomain|noerror)",
        ),
    ),
    (
        "given_up",
        "passing",
        (
            r"has been (?:in the queue|queued)",
            r"queue too long",
            r"been trying",
            r"giving up after",
        ),
    ),
    (
        "letter",
        "about_us",
        (
            r"spam",
            r"спам",
            r"(?:anhang|anlage|inhalt|contenu|contenido|contenuto|conte[úu]do)\b",
            r"(?:recipient|user)'?s? (?:\w+ )?(?:polic|preferences)",
            r"protected by",
            r"(?:only|just) (?:accepts?|accepting|allows?)",
            r"accepts? (?:\w+ )?only",
            r"mailbox access for",
            r"\bsp[bmf]\b",
            r"unsolicited",
            r"\bbulk\b",
            r"\bu[cb]e\b",
            r"junk",
            r"phish",
            r"virus",
            r"malware",
            r"infected",
            r"trojan",
            r"malicious",
            r"suspicious",
            r"content",
            r"prohibited",
            r"inappropriate",
            r"attachment",
            r"\bscore\b",
            r"abuse",
            r"moderat",
            r"polic(?:y|ies)",
            r"security",
            r"violat",
            r"unacceptable",
            r"filter",
            r"\bblock(?:ed|ing)?\b",
            r"administrative",
            (
                r"message…\b(?:rejected|refused|denied|size|exceed|not accepted|too (?:big"
                r"|large|long))"
            ),
            r"(?:size|length) (?:limit|exceed)",
            r"too (?:big|large)",
            r"larger than",
            r"maximum…size",
            r"headers?\b",
            r"rfc ?(?:5322|2822|822|2045)",
            r"\bbare (?:lf|cr)\b",
            r"mime",
            r"malformed",
            r"8bit",
            r"smtputf8",
            r"mail rejet",
            r"mail rejected",
            r"not compl",
            r"unauthori[sz]ed",
            r"transaction failed",
        ),
    ),
    (
        "no_reason",
        "about_us",
        (
            r"not (?:authori[sz]ed|allowed|permitted)",
            r"permission",
            r"отклонен",
            r"abgelehnt",
            r"rechazad",
            r"\bblocked\b",
            r"denied",
            r"restrict",
            r"approv",
            r"reject",
            r"refus",
            r"declin",
            r"(?:only|must) (?:accept|be)",
        ),
    ),
)


def _pattern(phrases: tuple[str, ...]) -> re.Pattern[str]:
    whole = "|".join(phrases).replace("NOBODY", _NOBODY).replace("GONE", _GONE)
    return re.compile(whole.replace("…", r"(?:[^.;!?]|\.(?=\S)){0,40}?"), re.IGNORECASE)


TABLE: tuple[tuple[str, Meaning, re.Pattern[str]], ...] = tuple(
    (reason, meaning, _pattern(phrases)) for reason, meaning, phrases in _PHRASES
)
"""Reason, meaning and words, in the order in which they are tried."""
