import type { Topic } from './topic.ts'

/** Work in offices, money and how to work together. */
export const officeTopics: readonly Topic[] = [
  {
    ask: 'plan launch | plan project | project plan | product launch | roadmap',
    say: 'Start from the date and the one result that would make it a success, then plan backwards in four steps: clarify, build a first version, pilot with a few real users, roll out. Give each step one owner and one date.',
    more: [
      'Put the three largest risks on the first page, each with what is done about it.',
      'Decide two weeks before the date what would make you postpone it.',
      'Prepare support and sales before marketing, or the first customers ask people who know nothing.',
      'A weekly half hour is enough if the list of open decisions is kept up to date.',
    ],
    next: 'When should it happen, and who is on the team?',
  },
  {
    ask: 'meeting agenda | better meetings | meeting effective/productive/shorter | agenda hour/kickoff/workshop',
    say: 'For an hour, this agenda works: 10 minutes on where we stand, 30 for the one question that needs everybody, 15 for the remaining points, 5 for who does what by when. Send it a day before, with the decision you want for each point.',
    more: [
      'Invite those who decide or contribute; the others get the notes.',
      'What needs no discussion belongs into a message.',
      'Name somebody who watches the time.',
    ],
  },
  {
    ask: 'difficult conversation | conversation landlord/manager/boss/colleague',
    say: 'Decide beforehand what you want at the end, and what would be good enough. Open with the facts and what they mean for you, ask how the other side sees it, and only then come to solutions.',
    more: [
      'Bring what proves your point: dates, photos, letters, the contract.',
      'Practise the first two sentences aloud, since they are the hardest.',
      'If it gets heated, suggest a break instead of an answer.',
      'Write down what was agreed and send it the same day.',
    ],
    next: 'What is it about?',
  },
  {
    ask: 'okr/okrs | objectives key | kpi/kpis | quarterly goals',
    say: 'An objective is a direction that one can remember; its key results are two to four figures that show whether you are getting there. Example: “New customers succeed in their first week”, measured by 60 percent with a first report within two days.',
    more: [
      'Three objectives a quarter are plenty.',
      'A KPI watches what should stay healthy; a key result is what you want to change.',
      'Do not tie them to bonuses, or nobody will aim high.',
    ],
  },
  {
    ask: 'swot',
    say: 'A SWOT analysis lists strengths and weaknesses inside the company, and opportunities and threats outside it. It becomes useful when you combine them: which strength helps to use which opportunity, which weakness makes which threat dangerous?',
    more: [
      'Three points per field with evidence are better than twelve opinions.',
      'End with two decisions, or it was only a poster.',
      'Ask customers for the strengths; insiders often name the wrong ones.',
    ],
  },
  {
    ask: 'pricing strategy/model | set price/prices | price product',
    say: 'Begin with what the product is worth to the customer, check it against the alternatives they have, and use your own costs only as the floor. Offer three packages; most buyers take the middle one.',
    more: [
      'Choose a unit that grows with the customer’s benefit, such as users or orders.',
      'Test a higher price on new customers before you touch the old ones.',
      'Discounts need a reason that can be said aloud, such as a longer term.',
    ],
  },
  {
    ask: 'reduce/cut/save cost/costs | budget plan/forecast | cloud costs',
    say: 'List the ten largest lines first: they usually make up 80 percent of the money. Stop what nobody uses, then right-size what is used, and negotiate or reserve last.',
    more: [
      'Show each team its own costs; what is seen gets smaller.',
      'Check contracts that renew by themselves, with their notice dates.',
      'Keep a reserve of about ten percent for what is not known yet.',
    ],
  },
  {
    ask: 'angry/complaint/unhappy customer/customers | customer complains/complaint | reply complaint',
    say: 'Answer quickly, say in your own words what went wrong for the customer, and apologise for that without excuses. Then name who takes care of it and when the next news will come, and keep that time.',
    more: [
      'A small refund at once costs less than a discussion of three weeks.',
      'Ask what would make it right; it is often less than expected.',
      'Collect the causes: five of them make up most complaints.',
    ],
  },
  {
    ask: 'churn | customers leave/leaving | retention customers',
    say: 'Find out when customers leave and what they did shortly before; most churn is decided in the first weeks. Call ten who left and ask what they had hoped for.',
    more: [
      'Fewer sign-ins and no reply to the first invoice are early signs.',
      'Help with the first success within a week does more than a discount at the end.',
      'Compute it per group of starting month, or growth hides it.',
    ],
  },
  {
    ask: 'nda | confidentiality agreement | contract clause/review/check',
    say: 'Check what counts as confidential, for how long, what is exempt (known before, public, developed on one’s own), and what happens to copies at the end. Also look at who may see it inside each company and at penalties.',
    more: [
      'Three to five years are usual; trade secrets longer.',
      'Mutual agreements are easier to get signed.',
      'Deviations from our template need a word from Legal before you sign.',
    ],
  },
  {
    ask: 'invoice/invoices | purchase order | procurement | supplier new',
    say: 'Orders above 5,000 euros need three offers, above 50,000 a tender. An invoice is paid within 30 days if it carries the order number and the goods are confirmed in the purchasing tool.',
    more: [
      'New suppliers are checked for sanctions, data protection and insurance before the first order.',
      'An invoice without a number goes back to the sender.',
      'Ask Procurement early; they know which framework contracts exist.',
    ],
  },
  {
    ask: 'agile scrum | scrum kanban | scrum | kanban | sprint',
    say: 'Scrum works in sprints of fixed length, each with a goal, a review and a look back. Kanban has no sprints: work flows over a board, and each column holds only a limited number of items.',
    more: [
      'Scrum suits product teams that plan ahead; Kanban suits support and operations, where work arrives by the day.',
      'The limit on work in progress is what makes Kanban work.',
      'Both fail without somebody who decides about the order.',
    ],
  },
  {
    ask: 'inflation',
    say: 'Inflation is a general rise of prices, so the same money buys less. It comes about when demand grows faster than supply, when energy or wages become dearer, or simply because everybody expects it.',
    more: [
      'It is measured by the price of a typical basket of goods against the year before.',
      'Central banks aim at about two percent and raise interest rates when it is higher.',
      'Debtors gain from it, savers lose.',
    ],
  },
  {
    ask: 'interest compound | compound interest',
    say: 'Compound interest is interest on interest: 1,000 euros at 5 percent become 1,050 after one year and about 1,629 after ten, not 1,500. The formula is amount × (1 + rate) ^ years.',
    more: [
      'Rule of thumb: 72 divided by the rate in percent gives the years until it doubles.',
      'It works against you in the same way with debts.',
      'Starting ten years earlier beats a higher rate.',
    ],
  },
]
