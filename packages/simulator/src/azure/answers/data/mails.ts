export interface MailAct {
  /** `{rest}` is what stands behind the verb, `{thing}` the same without its first preposition. */
  readonly subject: string
  readonly opening: string
  /** For requests that name nothing but the receiver. */
  readonly bareSubject: string | null
  readonly bare: string | null
  readonly details: readonly string[]
  readonly closing: readonly string[]
}

const plain = { bareSubject: null, bare: null } as const

/** What mails do, by the stem of the verb in the request. */
export const mailActs: Readonly<Record<string, MailAct>> = {
  invit: {
    subject: 'Invitation {rest}',
    opening: 'I would like to invite you {rest}.',
    bareSubject: 'Invitation',
    bare: 'I would like to invite you, and hope that you can make it.',
    details: [
      'Time and place are in the calendar entry; there will be coffee and enough room for your questions.',
      'We have planned about an hour, and you need not prepare anything.',
    ],
    closing: [
      'Please let me know by Thursday whether you can come. I am looking forward to seeing you!',
      'A short reply is enough, so that we can plan the seats. See you there!',
    ],
  },
  remind: {
    subject: 'Reminder: {thing}',
    opening: 'This is a friendly reminder {rest}.',
    bareSubject: 'A friendly reminder',
    bare: 'This is a friendly reminder of what is still open between us.',
    details: [
      'It takes only a few minutes; if you have already done it, please ignore this mail.',
      'If something keeps you from it, tell me, and we will find a way.',
    ],
    closing: ['Thank you for taking care of it!', 'Many thanks for your help.'],
  },
  thank: {
    subject: 'Thank you {rest}',
    opening: 'Thank you very much {rest}.',
    bareSubject: 'Thank you!',
    bare: 'I would like to thank you for your help and the time you took.',
    details: [
      'It made a real difference, and I know that it came on top of your other work.',
      'Your care and your patience have helped us a great deal.',
    ],
    closing: ['I hope that I can return the favour soon.', 'I am looking forward to working with you again.'],
  },
  welcom: {
    subject: 'Welcome {rest}',
    opening: 'Welcome {rest}! We are very glad that you are here.',
    bareSubject: 'Welcome to the team!',
    bare: 'A warm welcome to the team! We are very glad that you are joining us.',
    details: [
      'On your first day your laptop and your accounts will be ready, and your buddy will meet you at the reception at 9:30. In the first week we will introduce you to everybody you will work with.',
    ],
    closing: [
      'If you have any questions before that, just write to me. See you soon!',
      'We are looking forward to working with you!',
    ],
  },
  congratulat: {
    subject: 'Congratulations {rest}',
    opening: 'Congratulations {rest}!',
    bareSubject: 'Congratulations!',
    bare: 'Congratulations! You have every reason to be proud.',
    details: ['You have worked hard for it, and everybody here is happy for you.'],
    closing: ['I wish you all the best for what comes next.', 'Let us raise a glass to it soon!'],
  },
  inform: {
    subject: 'For your information: {thing}',
    opening: 'I would like to let you know {rest}.',
    ...plain,
    details: [
      'Nothing changes in what has been agreed with you personally.',
      'What follows for your own work will come in a separate mail by the end of the week.',
    ],
    closing: [
      'If you have questions, please come to me directly.',
      'Please write back if that causes difficulties on your side.',
    ],
  },
  tell: {
    subject: 'News: {thing}',
    opening: 'I wanted you to hear it from me first: {thing}.',
    ...plain,
    details: ['I will explain the details when we next meet.'],
    closing: ['If you have questions, please come to me directly.'],
  },
  ask: {
    subject: 'Request: {thing}',
    opening: 'I would like to ask you {rest}.',
    ...plain,
    details: [
      'It would help me to have your answer by the end of the week, since the next steps follow from it.',
      'If you need anything from me for that, please tell me.',
    ],
    closing: ['Thank you very much for your help.', 'Many thanks in advance!'],
  },
  request: {
    subject: 'Request: {thing}',
    opening: 'I would like to request {thing}.',
    ...plain,
    details: ['I have made sure that my current work is covered, and I am happy to go through the details with you.'],
    closing: ['I would be glad about your decision by the end of next week.', 'Thank you for considering it.'],
  },
  apologiz: {
    subject: 'Our apologies {rest}',
    opening: 'Please accept our apologies {rest}.',
    bareSubject: 'Our apologies',
    bare: 'Please accept our apologies for the trouble we have caused you.',
    details: [
      'We understand what that meant for you. We have found the cause, have put it right, and now check this point before every delivery.',
    ],
    closing: [
      'If there is anything that we can do to make up for it, please tell me directly.',
      'Thank you for your patience; I will write to you again by Friday.',
    ],
  },
  declin: {
    subject: 'Regarding {thing}',
    opening: 'Thank you for {thing}. I have thought about it carefully, but I have to decline.',
    bareSubject: 'Thank you, but no',
    bare: 'Thank you for thinking of me. I have thought about it carefully, but I have to decline.',
    details: ['The reason is not your proposal but the time that I can give to it at the moment.'],
    closing: ['I hope for your understanding, and that we stay in touch.'],
  },
  accept: {
    subject: 'I gladly accept {thing}',
    opening: 'Thank you very much; I gladly accept {thing}.',
    ...plain,
    details: ['Please tell me which documents you need from me and by when.'],
    closing: ['I am looking forward to it!'],
  },
  cancel: {
    subject: 'Cancelled: {thing}',
    opening: 'Unfortunately I have to cancel {thing}.',
    ...plain,
    details: ['I am sorry for the short notice, and for the trouble it causes to your plans.'],
    closing: ['I will propose a new date in the next few days. Thank you for your understanding.'],
  },
  announc: {
    subject: 'Announcement: {thing}',
    opening: 'I am pleased to announce {thing}.',
    ...plain,
    details: [
      'What it means for each team will be explained in the next team meetings, and there will be time for your questions.',
    ],
    closing: ['If something is unclear before that, just reply to this mail.'],
  },
  postpon: {
    subject: 'New date for {thing}',
    opening: 'I have to postpone {thing}.',
    ...plain,
    details: ['The calendar entry will be updated today; everything else stays as it is.'],
    closing: ['Please tell me if the new date does not suit you.'],
  },
  mov: {
    subject: 'New date for {thing}',
    opening: 'I would like to move {thing}.',
    ...plain,
    details: ['If that suits you, I will change the calendar entry; the agenda stays as it is.'],
    closing: ['Please tell me briefly whether it works for you.'],
  },
  complain: {
    subject: 'Complaint {rest}',
    opening: 'I have to complain {rest}.',
    bareSubject: 'Complaint',
    bare: 'I have to complain about what was delivered.',
    details: [
      'It does not meet what was agreed. Please put it right within 14 days and confirm by mail how you will do so.',
    ],
    closing: ['If that is not possible, I will ask for my money back. I hope that we can settle it amicably.'],
  },
  confirm: {
    subject: 'Confirmation: {thing}',
    opening: 'I am happy to confirm {thing}.',
    ...plain,
    details: ['Everything stands as we discussed it.'],
    closing: ['If anything changes on your side, please let me know.'],
  },
  about: {
    subject: '{thing}',
    opening: 'I am writing to you about {thing}.',
    ...plain,
    details: [
      'I have summed up where we stand and would like to hear your view before we decide.',
      'Could we settle it this week? A quarter of an hour should be enough, and I will prepare a proposal.',
    ],
    closing: ['Please let me know which day suits you.', 'Thank you in advance for a short reply.'],
  },
}

/** Sentences that fit an occasion, for the acts that they go with. */
export const occasions: readonly { readonly words: RegExp; readonly acts: readonly string[]; readonly say: string }[] =
  [
    {
      words: /\bonboarding\b|\bfirst day\b/i,
      acts: ['invit'],
      say: 'We will show you around, hand over your laptop and accounts, and introduce you to the people you will work with. There will be coffee, and plenty of time for your questions.',
    },
    {
      words: /\b(?:party|lunch|dinner|barbecue|breakfast|celebration)\b/i,
      acts: ['invit'],
      say: 'Food and drinks are taken care of; please tell me if there is something that you do not eat.',
    },
    {
      words: /\b(?:workshop|training|course)\b/i,
      acts: ['invit'],
      say: 'We will work on examples of your own, so please bring one that matters to you. No previous knowledge is needed.',
    },
    {
      words: /\b(?:time ?sheets?|hours)\b/i,
      acts: ['remind'],
      say: 'Payroll closes the month on the evening of that day, and what is missing then will be paid a month later.',
    },
    {
      words: /\b(?:broken|defect|defective|leak|damaged?|heating)\b/i,
      acts: ['about', 'complain'],
      say: 'It has not worked for several days now. Please have it repaired within a week and tell me when somebody will come; I am at home after 17:00 and can send you photos.',
    },
    {
      words: /\bdelay|late|delivery\b/i,
      acts: ['apologiz'],
      say: 'A part from our supplier came later than confirmed. Your order now has priority, and you will get the tracking number as soon as it leaves our house.',
    },
  ]
