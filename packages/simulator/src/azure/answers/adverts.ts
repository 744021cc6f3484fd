import { professions, unknownProfession } from './data/index.ts'
import type { Intent } from './scene.ts'
import { capitalised } from './words.ts'

/** Job advertisements: title, tasks, requirements, benefits, how to apply. */
export const jobAdvert: Intent = ({ question, luck }) => {
  const found =
    /\b(?:job|position|vacancy|employment)\s+(?:advert(?:isement)?|ad|posting|description|listing)\b(?:\s+(?:for|of|to hire)\s+(?:an?\s+|our\s+)?([^.?!\n]{3,80}))?/i.exec(
      question,
    )
  if (found === null || !/\b(?:write|draft|create|compose|prepare|formulate|generate|need)\b/i.test(question))
    return null
  const [, wanted = 'new colleague'] = found
  const [role = wanted, place] = wanted.trim().split(/\s+(?:in|at|based in)\s+(?=\p{Lu})/u)
  const profession = professions.find(({ words }) => words.test(role)) ?? unknownProfession
  const where = place === undefined ? '' : ` in ${place.trim()}`
  return [
    `**${capitalised(role.trim())} (all genders)${where}, full or part time**`,
    '',
    luck.pick([`Numbers and people: with us you have both. ${profession.hook}`, profession.hook]),
    '',
    'Your work:',
    ...profession.tasks.map(task => `- ${task}`),
    '',
    'What you bring:',
    ...profession.asks.map(ask => `- ${ask}`),
    '',
    'What we offer: 28 days of leave, two to three days a week from home, 1,500 euros a year for learning, and a company pension.',
    '',
    luck.pick([
      'Send us your CV and your earliest starting date; a cover letter is not needed. You will hear from us within five working days.',
      'Apply with your CV in two minutes on our career page. We answer within five working days.',
    ]),
  ].join('\n')
}
