/** What people say in recorded meetings. */
export const openings: readonly string[] = [
  'Good morning everyone, let’s start with the status of the migration.',
  'Thanks for joining at short notice, this is about the customer call yesterday.',
  'All right, three items on the agenda today.',
  'Hello, this is a message for the facilities team.',
  'Let me quickly summarise where we are with the budget.',
  'So, the first candidate interviews are done and I wanted to share my notes.',
]

export const points: readonly string[] = [
  'The new region has been live since Tuesday and error rates are below half a percent.',
  'They liked the prototype, but they need single sign-on before the pilot can begin.',
  'We are about four percent under plan for the quarter, mostly because two hires start later.',
  'The projector in the large meeting room does not turn on, and we have guests at two o’clock.',
  'Two of the five people we spoke with have run support teams of this size before.',
  'Legal has returned the contract with comments on the retention period only.',
  'The load test passed at twice last month’s peak, so the launch date stands.',
]

export const endings: readonly string[] = [
  'I will send the minutes this afternoon.',
  'Please put your questions into the shared document by Thursday.',
  'Could someone call me back on extension four one two?',
  'Next check-in is on Monday at ten.',
  'If there are no objections, we go ahead as planned.',
  'That is all from my side, thank you.',
]
