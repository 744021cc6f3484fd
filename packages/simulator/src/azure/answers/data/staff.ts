import type { Topic } from './topic.ts'

/** Rules and habits of the demonstration's company. */
export const staffTopics: readonly Topic[] = [
  {
    ask: 'parental leave | maternity | paternity | elternzeit | parental | baby leave/born/birth | adoption leave',
    say: 'You have 16 weeks of parental leave at full pay, whichever way a child joins your family. Apply in the HR portal under Time Off > Parental leave, and tell your manager at least eight weeks before the planned start.',
    more: [
      'You can take it in one block or in up to three, all within the first 18 months.',
      'The start date can still move by two weeks if the child is early or late.',
      'Health insurance and pension contributions continue unchanged in that time.',
      'Please attach the expected date of birth or the adoption notice; HR confirms within five working days.',
      'For the first three months after you return, you can work 60 or 80 percent.',
    ],
    next: 'When would you like to start?',
  },
  {
    ask: 'carry/carried/transfer leave/vacation/days/holiday/holidays | unused leave/vacation/days | leftover leave/vacation/days',
    say: 'Yes: up to five unused vacation days can be carried over into the next year. They must be taken by 31 March, after which they lapse.',
    more: [
      'Nothing has to be filed; the portal moves the days on 1 January and shows them in a line of their own.',
      'More than five days can be carried only if you were ill or on parental leave, and HR has to confirm it.',
      'Days from earlier years are used up first when you book leave.',
    ],
    next: 'Shall I show you how to see your remaining balance?',
  },
  {
    ask: 'days leave | many vacation | annual leave | vacation days | holiday entitlement | paid leave/vacation | leave entitlement | pto',
    say: 'Full-time staff have 28 days of annual leave a year; in your first year you earn a twelfth of that for each month. Your own balance is on the start page of the HR portal and on every payslip.',
    more: [
      'With part-time work the days are reduced in proportion to your working days.',
      'Public holidays come on top and are not deducted.',
      'Up to five days can be carried over until 31 March.',
      'Requests for more than two weeks at a stretch should reach your manager six weeks ahead.',
    ],
    next: 'Do you work full time?',
  },
  {
    ask: 'book/request/apply/ask/submit leave/vacation/holiday/holidays | time off | take leave/vacation',
    say: 'Request leave in the HR portal under Time Off: choose the dates, name a stand-in and send it. Your manager decides within five working days, and you get a mail with the result.',
    more: [
      'Check the team calendar first, since two people of a small team are rarely away together.',
      'You can withdraw an approved request until the day before.',
      'More than two weeks at a stretch should be requested six weeks ahead.',
    ],
  },
  {
    ask: 'sick | ill | sickness | sick leave | doctor note/certificate',
    say: 'Get well soon! Tell your manager before 9:30 on the first day, by phone or message. From the fourth calendar day on you also need a doctor’s certificate, which you upload in the HR portal.',
    more: [
      'Your full salary continues for the first six weeks.',
      'If you fall ill on vacation, a certificate from the first day gives you the vacation days back.',
      'After more than six weeks HR offers you a talk about a gradual return.',
    ],
  },
  {
    ask: 'work/working abroad | work/working another country | abroad weeks | workation | remote abroad',
    say: 'Before you work from abroad, get written approval: fill in “Work from abroad” in the HR portal at least four weeks ahead. Your manager agrees first, then HR checks tax, social security and data protection for that country.',
    more: [
      'Two weeks are usually no problem inside the EU; the limit is 20 working days a year.',
      'Apply for an A1 certificate, which shows that you stay insured at home; HR orders it for you.',
      'Use the VPN and the company laptop only, and keep it with you when crossing borders.',
      'Outside the EU you may need a work permit even for a short stay, so ask earlier.',
    ],
    next: 'Which country are you going to?',
  },
  {
    ask: 'gross net | gross salary | net salary | brutto netto',
    say: 'Gross salary is what your contract says; net salary is what arrives in your bank account. Between the two, income tax and your share of social insurance (health, care, pension, unemployment) are taken off.',
    more: [
      'As an example: of 1,100 euros gross, an apprentice often pays no income tax yet, about 220 euros go to social insurance, and about 880 euros remain.',
      'The deductions are not lost: they pay for the doctor, for your pension and for help if you lose your job.',
      'Your payslip shows each deduction in a line of its own, from gross at the top to net at the bottom.',
      'The more you earn, the larger the share of tax becomes.',
    ],
    next: 'Shall we go through one of your payslips line by line?',
  },
  {
    ask: 'training budget | learning budget | course approve/approves/approval | training approve/approves/approval | certification paid',
    say: 'For 1,200 euros you need two approvals: your manager can release up to 500 euros alone, and above that the head of department signs as well. Enter the course in the learning portal, which sends it to both.',
    more: [
      'Each employee has 1,500 euros and five days a year for learning, so it fits in if you have not used more than 300 euros yet.',
      'Add a sentence on what the team gains from it; that speeds up the answer.',
      'Approval usually takes a week, and you should not book before you have it.',
    ],
    next: 'Is it for a course, a conference or an exam?',
  },
  {
    ask: 'travel policy | business trip/travel | trip rules | travel rules/guideline/guidelines/first',
    say: 'The travel policy in short: get your manager’s approval first, book train, flight and hotel through the travel desk, and claim your expenses within 30 days with a photo of each receipt.',
    more: [
      'Take the train for journeys under four hours; flights under six hours are in economy class.',
      'Hotels are covered up to 150 euros a night, in a few expensive cities up to 220.',
      'Meals are paid as a daily allowance, so you need no receipts for them.',
      'If something happens on the way, the travel insurance has an emergency number on the back of your badge.',
      'What you claim is paid with your next salary.',
    ],
    next: 'Where does your first trip take you?',
  },
  {
    ask: 'expense/expenses | reimbursement/reimburse/reimbursed | receipt/receipts | mileage',
    say: 'Claim expenses in the travel tool within 30 days: a photo of each receipt, the reason and the cost centre. Approved claims are paid with your next salary.',
    more: [
      'Your own car is paid at 30 cents per kilometre.',
      'For a lost receipt there is a form for a receipt of your own, up to 50 euros.',
      'Meals with customers need the names of the guests on the receipt.',
    ],
  },
  {
    ask: 'payslip deduction | payslip understand/wrong | salary wrong | questions payroll',
    say: 'These questions clear it up quickly:\n\n1. What is the name and the code of the deduction, and what is it for?\n2. Is it a tax, a contribution, or something agreed with me, such as a company bicycle?\n3. Is it taken once or every month, and since when?\n4. How was the amount computed, and from which figure?\n5. If it is wrong, with which payroll run will I get it back?',
    more: [
      'Open a payroll ticket and name the month and the line; corrections go out with the next run.',
      'Have the payslip of the month before at hand, since the difference often shows the cause.',
      'Typical causes are a changed tax class, a correction of an earlier month or a benefit that you have booked.',
    ],
  },
  {
    ask: 'salary/wage/wages/paid when/payday/date | payslip/payslips | payday | salary payslip',
    say: 'Salaries are paid on the 25th of each month, or on the last working day before it. Your payslip is in the HR portal under Pay from the 23rd on.',
    more: [
      'Payslips of the past ten years are kept there as PDF files.',
      'A new bank account must be entered by the 10th to count for the same month.',
      'The annual bonus comes with the salary of March.',
    ],
  },
  {
    ask: 'salary increase/raise/negotiate/negotiation | pay rise | ask raise',
    say: 'Ask for a talk of its own rather than at the end of another meeting, and bring three results of the past year with figures. Name the amount that you have in mind; a range is heard as its lower end.',
    more: [
      'Salaries are reviewed in January and July, so six weeks before that is a good moment.',
      'Compare yourself with the level description in the portal instead of with a colleague.',
      'If the answer is no, ask what would have to be true for a yes, and put a date on it.',
    ],
  },
  {
    ask: 'notice period | kündigungsfrist | notice years | resign/resignation/quit',
    say: 'For you as an employee the notice period stays at three months to the end of a month, also after five years. What grows is the company’s own notice period towards you: after five years it is at least two months by law, and your contract’s three months already cover that.',
    more: [
      'After eight years the company must give three months’ notice, after ten years four.',
      'During the probation period it is two weeks for both sides.',
      'A notice must be on paper and signed by hand; an e-mail does not count.',
      'Your own contract may say otherwise, so look there first.',
    ],
    next: 'Would you like to know what happens to open vacation days?',
  },
  {
    ask: 'working student | student documents/first/job | werkstudent | documents first | papers first day',
    say: 'A working student should bring or upload these documents on the first day: identity card or passport, certificate of enrolment for the current semester, tax ID, social security number, health insurance certificate and bank details.',
    more: [
      'From outside the EU, a residence permit that allows the work is needed as well.',
      'A new certificate of enrolment is due each semester, or the student rates for social insurance end.',
      'During lectures the limit is 20 hours a week; in the semester break it can be more.',
      'Without the tax ID, payroll has to use the highest tax class at first.',
    ],
    next: 'Shall I turn this into a checklist for the welcome mail?',
  },
  {
    ask: 'onboarding | first day/week | new colleague/hire/employee/starter | onboarding plan',
    say: 'A good onboarding has three parts: before day one, laptop, accounts and a buddy are ready; in week one there are introductions, security training and a first small task; by day 30, 60 and 90 it is agreed what is learned, contributed and owned.',
    more: [
      'Give the newcomer one real task in the first three days that can be finished.',
      'The mandatory trainings (security, data protection, conduct) are due within two weeks.',
      'A short talk every Friday of the first month shows early what is missing.',
      'The probation period is six months, with a talk in the middle and one at the end.',
    ],
    next: 'For which role is it?',
  },
  {
    ask: 'onboarding plan/prepare engineer/developer | onboarding plan',
    say: 'Here is a plan for the first 90 days:\n\n- Before day 1: laptop, accounts, repository access and a buddy.\n- Week 1: introductions, security training, the system’s architecture, and one small change that goes to production.\n- Day 30: knows the pipelines and data sources, and takes part in reviews.\n- Day 60: owns a small component and its alerts.\n- Day 90: leads a change from the idea to operation, and gives feedback on the onboarding itself.',
    more: [
      'The buddy should not be the manager, so that simple questions get asked.',
      'Write down what was missing; the next newcomer profits from it.',
      'Keep the first two afternoons of each week free of meetings.',
    ],
    next: 'Shall I adapt it to your team’s tools?',
  },
  {
    ask: 'home office | remote work/working/policy | work/working home | hybrid work/working | homeoffice | telework',
    say: 'Teams agree on two to three office days a week; the rest can be worked from home. Core hours are 10:00 to 15:00 wherever you are.',
    more: [
      'There is a one-time allowance of 400 euros for a chair, a screen or a desk.',
      'Working from another country needs approval beforehand and is limited to 20 days a year.',
      'Confidential papers and screens must not be seen by others at home either.',
    ],
  },
  {
    ask: 'overtime | extra hours | flexitime | working time',
    say: 'Overtime is recorded in the time tool and taken as time off within three months. It is paid out only when your manager agreed to it beforehand.',
    more: [
      'The daily limit is ten hours, with eleven hours of rest until the next morning.',
      'At 40 hours of overtime the tool informs you and your manager.',
      'Travel time counts as working time when you work on the way.',
    ],
  },
  {
    ask: 'health insurance | pension | benefits | retirement plan | company bike/bicycle | dental',
    say: 'Health insurance covers you from the first working day and can include your partner and children. The company also matches pension contributions up to six percent of your salary.',
    more: [
      'Changes are made in the enrolment window in November, or within 30 days after a life event.',
      'There is a monthly allowance of 40 euros for sport or public transport.',
      'A company bicycle can be leased out of the gross salary.',
    ],
  },
  {
    ask: 'performance review | appraisal | annual review | self assessment | give feedback | difficult feedback',
    say: 'Prepare a review with examples: for each point the situation, what was done, and the effect it had. Ask first how the other person sees it, and end with two or three agreements that have a date.',
    more: [
      'Reviews take place in January and July; the self-assessment is due two weeks before.',
      'Nothing in it should be a surprise: what matters is said when it happens.',
      'Describe behaviour that can be changed instead of character.',
    ],
  },
  {
    ask: 'interview questions | candidate interview | job interview | interview prepare/preparation',
    say: 'Ask for concrete situations: “Tell me about a project that went wrong. What was your part, what did you do, what came of it?” Put the same core questions to every candidate and rate the answers before you compare notes.',
    more: [
      'Good ones are also: “What would your last team miss about you?” and “Which decision would you take back?”',
      'A small task from your daily work shows more than a puzzle.',
      'Leave ten minutes for the candidate’s own questions.',
      'Two interviewers with different views see more than one with more time.',
    ],
    next: 'For which role are you hiring?',
  },
  {
    ask: 'probation | probation period',
    say: 'The probation period is six months, with a talk in the middle and one at the end. During it both sides can give notice within two weeks.',
    more: [
      'Vacation can be taken from the first month on, as far as it has been earned.',
      'It can be extended only if a long illness fell into it, and both sides have to sign.',
      'Ask for feedback after three months if nobody offers it.',
    ],
  },
  {
    ask: 'harassment | bullying | discrimination | conflict colleague | report confidential | whistleblower',
    say: 'You can turn to HR, the works council or the ombudsperson, and what you say stays confidential. A first talk takes place within three working days; nobody may suffer a disadvantage for a report made in good faith.',
    more: [
      'The reporting line also takes anonymous notes; an outside law firm runs it.',
      'It helps to write down dates, places and who was there.',
      'If you feel unsafe, say so at once: seats and shifts can be changed the same day.',
    ],
  },
  {
    ask: 'promotion | promoted | career level | career path',
    say: 'Promotions are decided in January and July by a panel, on written examples of work at the next level. Your manager proposes you, so tell them early that you want it.',
    more: [
      'Collect three examples with their effect, and somebody outside your team who can confirm them.',
      'The level descriptions are in the HR portal under Career.',
      'After a no, you get written feedback within two weeks.',
    ],
  },
  {
    ask: 'sabbatical | unpaid leave | part-time | reduce hours | part time',
    say: 'Ask your manager in writing, three months ahead for part-time work and six for a sabbatical, with the dates or hours you have in mind. HR then prepares an addition to your contract.',
    more: [
      'Part-time work can be limited in time, so that you return to full hours without asking again.',
      'For a sabbatical you can save part of your salary beforehand and stay insured.',
      'Vacation days are recomputed from the month in which the hours change.',
    ],
  },
  {
    ask: 'reference letter | certificate employment | arbeitszeugnis | letter recommendation',
    say: 'Ask HR for a reference through the portal under Documents; it is ready within two weeks. With a change of manager or team you can ask for an interim one.',
    more: [
      'Add a list of your tasks and two results, which makes it more precise.',
      'If a sentence seems unfair to you, you can ask for a correction.',
      'A simple certificate with dates and position is issued the same day.',
    ],
  },
]
