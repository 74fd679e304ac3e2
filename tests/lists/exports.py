"""Exports of further tools, each with what becomes of its first row.

In those with a second row or more, these people get no mail there.
"""

from __future__ import annotations

from typing import Any

FURTHER_EXPORTS: dict[str, tuple[str, dict[str, Any]]] = {
    "Brevo": (
        "CONTACT ID;EMAIL;FIRSTNAME;LASTNAME;SMS;WHATSAPP;EXT_ID;CONTACT_TIMEZONE;JOB_TITLE;LINKEDIN;OPT_IN;DOUBLE_OPT-IN;ADDED_TIME;MODIFIED_TIME;EMAIL_BLOCKLISTED;SMS_BLOCKLISTED;COMPANY\n1;eva@t.example;Eva;Roth;4915112345678;;;Europe/Berlin;CMO;;1;1;02-03-2026 10:00:00;02-03-2026;0;0;Roth AG\n2;bo@t.example;Bo;Ek;;;;;;;;;02-03-2026;02-03-2026;1;0;\n",
        {"phone": "4915112345678", "timezone": "Europe/Berlin", "title": "CMO"},
    ),
    "Zoho CRM": (
        '"Record Id","Lead Owner.id","Lead Owner","Company","First Name","Last Name","Designation","Email","Phone","Fax","Mobile","Website","Lead Source","Lead Status","Industry","No. of Employees","Annual Revenue","Rating","Email Opt Out","Skype ID","Created Time","Country","Tag","Unsubscribed Mode","Unsubscribed Time"\n"zcrm_4150868000000224005","zcrm_4150868000000225013","Ria","Rangoni Of Florence","Yuri","Kapoor","CTO","yuri@t.example","555-555-5555","","","http://x","Trade Show","Attempted to Contact","ASP","56","$650,000.00","","false","","2026-03-01 10:00:00","United States","","",""\n"zcrm_2","","Ria","Bo AB","Bo","Ek","","bo@t.example","","","","","","Contact in Future","","","","","true","","","Sweden","","Manual","2026-03-01 10:00:00"\n',
        {
            "title": "CTO",
            "employees": 56,
            "country": "US",
            "owner": "ria@acme.example",
            "company": "Rangoni Of Florence",
        },
    ),
    "ActiveCampaign": (
        '"ID","Email","First Name","Last Name","Phone","Organization","Tags","Date Created","IP Address","Status","Score","Job Title","Last Updated"\n"1","eva@t.example","Eva","Roth","+49 30","Roth AG","a, b","2026-03-02 10:00:00","1.2.3.4","Active","12","CMO",""\n"2","bo@t.example","Bo","Ek","","","","","","Unsubscribed","","",""\n"3","cy@t.example","Cy","Ek","","","","","","Bounced","","",""\n',
        {"company": "Roth AG", "title": "CMO"},
    ),
    "Constant Contact": (
        '"Email address","First name","Last name","Job title","Company","Phone - home","Phone - work","Phone - mobile","Email status","Email permission status","Email update source","Confirmed opt-out date","Confirmed opt-out source","Country - work","Email Lists","Source Name","Created At","Updated At"\n"eva@t.example","Eva","Roth","CMO","Roth AG","","+49 30 1","","Active","Express","Account","","","Germany","General","Imported","2026-03-02 10:00:00 AM CET",""\n"bo@t.example","Bo","Ek","","","","","","Unsubscribed","Unsubscribed","Contact","03/01/2026 10:00:00 AM","Contact","","","","",""\n',
        {"phone": "+49 30 1", "country": "DE"},
    ),
    "MailerLite": (
        "Subscriber,Name,Last name,Company,Country,City,Phone,State,Zip,Subscribed,Opt-in IP,Location,Sent,Opened,Clicked,Status\neva@t.example,Eva,Roth,Roth AG,Germany,Berlin,+49,,,2026-03-02 10:00:00,,,3,1,0,active\nbo@t.example,Bo,Ek,,,,,,,,,,,,,unsubscribed\n",
        {"email": "eva@t.example", "first_name": "Eva", "country": "DE"},
    ),
    "Klaviyo": (
        "Email,Klaviyo ID,First Name,Last Name,Organization,Title,Phone Number,Address,City,Region,Zip Code,Country,Timezone,Email Marketing Consent,Email Marketing Consent Timestamp,Email Suppressions,Created At\neva@t.example,01H,Eva,Roth,Roth AG,CMO,+49,,,,,Germany,Europe/Berlin,SUBSCRIBED,2026-03-02,,2026-01-01\nbo@t.example,01J,Bo,Ek,,,,,,,,,,UNSUBSCRIBED,2026-03-02,USER_SUPPRESSED,\n",
        {"company": "Roth AG", "timezone": "Europe/Berlin"},
    ),
    "Intercom": (
        "Name,Email,Phone,User ID,First Seen,Signed up,Last seen,Web sessions,City,Country,Company name,Company size,Owner,Unsubscribed from Emails,Marked email as spam,Has hard bounced,Lead category\nEva Roth,eva@t.example,+49,u1,2026-03-02 10:00:00,,,4,Berlin,Germany,Roth AG,12,Ria,false,false,false,\nBo Ek,bo@t.example,,u2,,,,,,,,,,true,false,false,\nCy Ek,cy@t.example,,u3,,,,,,,,,,false,true,false,\n",
        {"company": "Roth AG", "owner": "ria@acme.example"},
    ),
    "Google Contacts": (
        "First Name,Middle Name,Last Name,Phonetic First Name,Name Prefix,Nickname,File As,Organization Name,Organization Title,Organization Department,Birthday,Notes,Photo,Labels,E-mail 1 - Label,E-mail 1 - Value,Phone 1 - Label,Phone 1 - Value\nEva,,Roth,,,,,Roth AG,CMO,,,,,* myContacts,* Work,eva@t.example,Work,+49 30\n",
        {"email": "eva@t.example", "title": "CMO", "phone": "+49 30"},
    ),
    "Outlook": (
        '"Title","First Name","Middle Name","Last Name","Suffix","Company","Department","Job Title","Business Street","Business Country/Region","Business Phone","Mobile Phone","E-mail Address","E-mail Type","E-mail Display Name","E-mail 2 Address"\n"Dr.","Eva","","Roth","","Roth AG","","CMO","","Germany","+49 30","+49 151","eva@t.example","SMTP","Eva Roth (eva@t.example)",""\n',
        {"title": "CMO", "country": "DE"},
    ),
    "Calendly": (
        "Team,User Name,User Email,Invitee Name,Invitee First Name,Invitee Last Name,Invitee Email,Invitee Time Zone,Invitee Accepted Marketing Emails,Text Reminder Number,Event Type Name,Start Date & Time,Canceled\nx,Ria,ria@acme.example,Eva Roth,Eva,Roth,eva@t.example,Berlin,,,Demo,2026-03-02 10:00,false\n",
        {"email": "eva@t.example", "owner": "ria@acme.example"},
    ),
    "Freshsales": (
        "Id,First name,Last name,Emails,Job title,Work,Mobile,Lifecycle stage,Status,Sales owner,Country,Accounts,Subscription status,Source\n1,Eva,Roth,eva@t.example,CMO,+49,,Lead,New,Ria,Germany,Roth AG,Subscribed,Web\n2,Bo,Ek,bo@t.example,,,,Customer,Won,Ria,,,Unsubscribed,\n",
        {"company": "Roth AG", "phone": "+49", "country": "DE"},
    ),
    "Zoom": (
        'Registration Report\nReport Generated:,"Mar 2, 2026 10:00 AM"\nTopic,Webinar ID,Scheduled Time,Duration (minutes),# Registered,# Cancelled\nSpring,812 3456 7890,"Mar 1, 2026 10:00 AM",60,2,0\nAttendee Details\nFirst Name,Last Name,Email,Phone,Organization,Job Title,Number of Employees,Country/Region Name,Registration Time,Approval Status,Source Name\nEva,Roth,eva@t.example,+49,Roth AG,CMO,51-200,Germany,"Feb 1, 2026 10:00",approved,\n',
        {"company": "Roth AG", "country": "DE", "employees": None},
    ),
    "GoTo Webinar": (
        'First Name,Last Name,Email Address,Registration Date,Organization,Job Title,Number of Employees,Purchasing Time Frame,Phone,Unsubscribed\nEva,Roth,eva@t.example,"Mar 1, 2026 10:00 AM CET",Roth AG,CMO,100-249,,+49,No\n',
        {"company": "Roth AG", "employees": None},
    ),
    "Google lead forms": (
        "Lead ID,GCLID,Form ID,Campaign ID,Ad group ID,Creative ID,Is Test,Lead Submit Time,FULL_NAME,FIRST_NAME,LAST_NAME,EMAIL,WORK_EMAIL,PHONE_NUMBER,COMPANY_NAME,JOB_TITLE,COUNTRY\nabc,,1,2,3,4,false,2026-03-02,Eva Roth,Eva,Roth,eva@gmail.example,eva@t.example,+49,Roth AG,CMO,Germany\n",
        {"title": "CMO", "country": "DE"},
    ),
}
