export interface Profession {
  readonly words: RegExp
  readonly hook: string
  readonly tasks: readonly string[]
  readonly asks: readonly string[]
}

/** What job advertisements say about a profession. */
export const professions: readonly Profession[] = [
  {
    words: /payroll|accountant|accounting/i,
    hook: 'You make sure that 900 colleagues are paid correctly and on time.',
    tasks: [
      'You run the monthly payroll from the time data to the payment.',
      'You answer colleagues’ questions about payslips, tax and social insurance.',
      'You improve our processes together with HR and Finance.',
    ],
    asks: [
      'Training in payroll or accounting, and two years of practice',
      'Sound knowledge of income tax and social insurance law',
      'Care with figures, and patience with people',
    ],
  },
  {
    words: /develop|engineer|programm|software|devops/i,
    hook: 'You build software that our customers use every day, and you run what you build.',
    tasks: [
      'You design, write and review code in a team of six.',
      'You automate tests and releases, and watch how things do in operation.',
      'You talk to users and find the simple solution.',
    ],
    asks: [
      'Several years of practice in a modern language such as TypeScript, Go or C#',
      'A sense for tests, clear interfaces and readable code',
      'Good English; German is a plus',
    ],
  },
  {
    words: /sales|account manager|business develop/i,
    hook: 'You win customers because you understand their problem first.',
    tasks: [
      'You look after your own customers from the first talk to the contract.',
      'You find out what they need, together with our engineers.',
      'You keep forecast and pipeline up to date.',
    ],
    asks: [
      'Experience in selling products that need explaining',
      'Persistence without pressure',
      'Readiness to travel about two days a week',
    ],
  },
  {
    words: /nurse|care|doctor|physio/i,
    hook: 'You take care of people, and we take care that you have the time for it.',
    tasks: [
      'You look after our patients and talk with their families.',
      'You plan the care with the team and document it.',
      'You introduce newcomers to the ward.',
    ],
    asks: [
      'A recognised qualification in nursing or care',
      'Calm in hectic hours',
      'Readiness for shifts, planned two months ahead',
    ],
  },
  {
    words: /recruit|hr |human resources|people/i,
    hook: 'You find the people with whom we want to work in five years.',
    tasks: [
      'You look after open positions from the advertisement to the first day.',
      'You advise managers on interviews and decisions.',
      'You stay in touch with candidates and universities.',
    ],
    asks: ['Two years of practice in recruiting or HR', 'A good ear, and clear words', 'Basic knowledge of labour law'],
  },
  {
    words: /data|analyst|scientist/i,
    hook: 'You turn data into decisions that people understand.',
    tasks: [
      'You build data models and reports that teams really use.',
      'You examine questions of the business and explain the result in plain words.',
      'You take care of the quality of our data.',
    ],
    asks: ['Practice in SQL and Python', 'Sound statistics', 'The courage to say what the data does not show'],
  },
]

export const unknownProfession: Profession = {
  words: /$^/,
  hook: 'You join a small team that decides quickly and helps each other.',
  tasks: [
    'You take over a field of your own after a thorough introduction.',
    'You work closely with the neighbouring teams and with customers.',
    'You see what can be done better, and change it.',
  ],
  asks: [
    'Suitable training, or experience in a similar position',
    'Reliability, curiosity and good German or English',
    'Pleasure in working with others',
  ],
}
