"""Automatic replies (RFC 3834): by headers, by subject and by their first words."""

from __future__ import annotations

import itertools
import re
from email.message import EmailMessage
from typing import Literal

from gateway.inbound.arrived_mail import content_type, header_text, plain_text

Why = Literal[
    "null_sender", "auto_submitted", "autoreply", "precedence", "report", "subject", "words"
]

_AUTOMATIC = (
    r"(?:automat\w*[ -]*(?:reply|response|answer|antwort|antwoord|svar|respuesta|vastaus|odpow\w*"
    r"|odpov\w*|v[áa]lasz)|auto-?(?:reply|svar|vastaus)|auto[- ]?(?:response|responder)"
    r"|vacation (?:reply|response|responder|auto-?reply)|(?:r[ée]ponse|respuesta|risposta"
    r"|resposta) autom[áa]ti\w*|automaattinen vastaus|odpowied[zź] automatyczna|r[ăa]spuns automat"
    r"|αυτόματη απάντηση|автоматический ответ|автоответ|otomatik yan\u0131t)"
)
_ABSENT = (
    r"(?:(?:i am|i'm|i’m) (?=out|away|on)|(?:ich )?bin (?=abw|im url|nicht)"
    r"|je suis (?=abs|en cong))?"
    r"(?:abwesenheit\w*|out of (?:the )?office|ooo|away from (?:the |my )?(?:office|desk)|abwesend"
    r"|au(?:ß|ss)er haus|nicht im (?:b[üu]e?ro|haus)|(?:message d['’])?absen(?:ce|t\(e\)|te|t)"
    r"(?: du bureau)?|fuera de (?:la )?oficina|ausencia|fuori (?:sede|ufficio)|assen(?:te|za)"
    r"|afwezig\w*|niet aanwezig|fora do escrit[óo]rio|ausente|aus[êe]ncia(?: tempor[áa]ria)?"
    r"|(?:on )?(?:annual|parental|maternity|paternity|sick|medical|family) leave"
    r"|(?:in )?(?:elternzeit|mutterschutz)"
    r"|(?:en )?cong[ée]s? (?:maternité|paternité|parental|annuels?)"
    r"|on (?:vacation|leave|holiday)|im urlaub|en cong[ée]s?|de vacaciones|in ferie|de f[ée]rias"
    r"|нет на работе)"
)
_DAY_FOLLOWS = r"\s+(?:until|till|bis|vom|jusqu\w*|hasta|fino al|tot|at[ée])\s"
_SUBJECT = re.compile(
    r"^\s*(?:auto:"
    r"|[\[【]?(?:自動返信|自動応答|不在通知|不在のお知らせ|休暇中|自动[回答]复|自動回覆|자동 ?회신)"
    r"|(?:urlaub|vacation|on holidays?|vacaciones|vakantie|f[ée]rias)\s*$"
    rf"|(?:urlaub|ferien|vacation|holiday|cong[ée]s|vacaciones|ferie|f[ée]rias|vakantie){_DAY_FOLLOWS}"
    rf"|\W?(?:{_AUTOMATIC}|{_ABSENT})"
    r"(?: (?:auto-?reply|reply|message|notice|notification|nachricht|notiz|melding))?"
    r"\s*(?:$|[:(\[\]–—,.!-]|re\b|(?:until|till|through|from|to|for|bis|vom|ab|jusqu\w*|du|hasta"
    r"|fino|dal|tot|t/m|van|at[ée]|de|back|returning)\b))"
    rf"|\((?:{_AUTOMATIC}|out of (?:the )?office|abwesend|abwesenheit\w*)\)\s*$",
    re.IGNORECASE,
)
"""A notice's subject: the phrase and then its end, a colon or a day. A person who writes about
"out of office replies", or answers a notice ("Re: Automatic reply"), goes on in another way."""
_BODY = re.compile(
    r"(?<!['\"“\u2018„«] )(?<!['\"“\u2018„«])(?:this is an"
    r" auto(?:matic|mated|matically generated)[ -](?:e-?mail |mail )?"
    r"(?:reply|response|message|e-?mail)"
    r"|diese? \S+ (?:wurde|ist)(?: eine)? automatisch|dies ist eine automatisch"
    r"|automatically generated (?:e-?mail|message|reply)"
    r"|(?:message|courriel|e-?mail) généré automat"
    r"|(?:mensaje|correo) generado automát|(?:messaggio|e-?mail) generat[oa] automat"
    r"|(?:mensagem|e-?mail) gerad[oa] automat|automatisch gegenereerd"
    r"|(?:ceci est (?:une|un)|message de) (?:r[ée]ponse|message|courriel|e-?mail) automatique"
    r"|este es un (?:mensaje|correo) autom[áa]tico|esta es una respuesta autom[áa]tica"
    r"|quest[oa] [èe] una? (?:risposta|messaggio|e-?mail) automatic[oa]"
    r"|esta [ée] uma (?:resposta|mensagem) autom[áa]tica|dit is een automatisch"
    r"|(?:この|本)メール(?:は|に).{0,10}自動|自動(?:返信|応答|送信)(?:メール)?です"
    r"|(?:mailbox|inbox|e-?mail address|account) is (?:not |un)(?:monitored|attended|read)"
    r"|do(?: not|n't) (?:reply|respond) to this (?:e-?mail|message)"
    r"|(?:nicht auf|auf) diese (?:e-?mail|nachricht) (?:nicht )?(?:zu )?antworten"
    r"|ne pas répondre à ce (?:message|courriel|mail)|no responda a este (?:mensaje|correo)"
    r"|non rispondere a quest[oa] (?:messaggio|e-?mail)|não responda a est[ae] (?:mensagem|e-?mail)"
    r"|(?:niet op dit|dit) bericht niet? (?:te )?(?:be)?antwoord)",
    re.IGNORECASE,
)
_THANKS = (
    r"(?:thank(?:s| you)(?: very much| so much)? for (?:your|the|contacting|writing|reaching"
    r"|getting)"
    r"|dank f[üu]e?r (?:ihre|deine|die)|merci (?:de|pour) (?:votre|m['’]avoir)"
    r"|gracias por (?:su|tu|contactar|escribir)|grazie per (?:la|il|aver)"
    r"|(?:dank|bedankt)\b.{0,8} voor (?:uw|je)|obrigad[oa] pel[oa]|ありがとうございます)"
)
_AWAY = (
    r"(?:out of (?:the |my )?office|on (?:\w+ )?(?:leave|vacation|holidays?)|away (?:from|until)"
    r"|not in the office|nicht im (?:b[üu]e?ro|haus|dienst)|abwesend|im urlaub|au(?:ß|ss)er haus"
    r"|in elternzeit|absente?\b|en cong[ée]s?|en vacances|hors du bureau|fuera de (?:la )?oficina"
    r"|de vacaciones|fuori (?:sede|ufficio)|in ferie|assente|in vacanza|afwezig|met vakantie"
    r"|niet (?:aanwezig|op kantoor)|met verlof|fora do escrit|de f[ée]rias|ausente|不在|休暇)"
)
_NOW = (
    r"(?:\bcurrently|at the moment|presently|derzeit|zur ?zeit|momentan|aktuell|actuellement"
    r"|en ce moment|actualmente|en este momento|attualmente|al momento|momenteel|op dit moment"
    r"|atualmente|no momento|ただいま|現在)"
)
_URGENT = r"(?:\burgent|\burgen[zc]|\bdringend|\beil(?:ig|fäll)|\bspoed|緊急|お急ぎ)"
_ABSENCE = re.compile(
    rf"{_THANKS}.{{0,120}}?{_AWAY}|{_NOW}.{{0,60}}?{_AWAY}.{{0,200}}?{_URGENT}"
    r"|\b(?:not be (?:forwarded|read)|nicht weitergeleitet"
    r"|pas (?:transféré|transmis|redirigé|lu)e?s?"
    r"|no (?:será|serán) reenviad|non (?:verrà|saranno|sarà) inoltrat|niet doorgestuurd"
    r"|não (?:será|serão) encaminhad)",
    re.IGNORECASE,
)
"""How a notice begins, without a question: thanks for the mail, then the absence; or the absence of
now and what to do if it is urgent; or that nobody else gets the mail."""
_MOST = 4_000
_MOST_OPENING = 600
"""A machine says at the beginning that it is one."""
_HEADERS = (
    "X-Autoreply",
    "X-Auto-Reply",
    "X-Autorespond",
    "X-Autoresponder",
    "X-AutoReply-From",
    "X-Autogenerated",
    "X-Auto-Generated",
    "X-Mail-Autoreply",
    "X-Vacation",
    "X-FC-MachineGenerated",
)


def why_automatic(mail: EmailMessage, *, null_sender: bool) -> Why | None:
    """Why a machine answered, or None for a person.

    Its envelope has no sender; its headers say so; it is a report, a read receipt for instance;
    its subject is a notice's; or its first words say so. X-Auto-Response-Suppress is no such
    header: it asks others to be silent, and people's mail programs set it too.
    """
    if null_sender:
        return "null_sender"
    submitted = header_text(mail, "Auto-Submitted").partition(";")[0].strip().lower()
    if submitted and submitted != "no":
        return "auto_submitted"
    told = (header_text(mail, name).lower() for name in _HEADERS)
    if any(one and one not in ("no", "false") for one in told):
        return "autoreply"
    if "autorespond" in header_text(mail, "X-POST-MessageClass").lower():
        return "autoreply"
    if header_text(mail, "Precedence").lower() in ("auto_reply", "bulk", "junk", "list"):
        return "precedence"
    if content_type(mail) == "multipart/report":
        return "report"
    if _SUBJECT.search(header_text(mail, "Subject")):
        return "subject"
    opening = _opening(mail)
    absence = "?" not in opening and "\uff1f" not in opening and _ABSENCE.search(opening)
    return "words" if absence or _BODY.search(opening) else None


def _opening(mail: EmailMessage) -> str:
    """The first words, without what is quoted."""
    lines = plain_text(mail)[:_MOST].splitlines()
    own = itertools.takewhile(lambda line: not line.startswith(">"), lines)
    return " ".join(" ".join(own).split())[:_MOST_OPENING]
