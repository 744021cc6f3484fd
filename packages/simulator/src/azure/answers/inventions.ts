import type { Intent } from './scene.ts'
import { capitalised } from './words.ts'

/** Slogans, names and very short stories. */
export const invention: Intent = ({ question, luck }) => {
  const found =
    /\b(slogans?|taglines?|names?|stor(?:y|ies)|fairy tale)\b(?: ideas?)?\s+(?:for|about|of)\s+((?:an?|the|my|our)\s+)?([^.?!,\n]{3,60})/i.exec(
      question,
    )
  if (
    found === null ||
    !/\b(?:write|give|find|suggest|create|invent|tell|need|think of|propose|make)\b/i.test(question)
  )
    return null
  const [, kind = '', article = 'a ', about = ''] = found
  const thing = about.trim()
  if (/^stor|^fairy/i.test(kind)) {
    return [
      `There once was ${/^(?:my|our)/i.test(article) ? 'a ' : article.toLowerCase()}${thing} ${luck.pick(['at the edge of a town that nobody had drawn on a map', 'in a house whose clocks all showed a different time'])}. People kept away, and so the days were long and quiet.`,
      `One evening a child came by who was lost and ${luck.pick(['asked for the way', 'asked for a light'])}. Nobody had asked for anything in years. They walked together until the first windows shone, and the child said: “Come again tomorrow.”`,
      'And because nobody had ever said that before, it did.',
    ].join('\n\n')
  }
  const name = capitalised(thing.split(' ').at(-1) ?? thing)
  const ideas = /^name/i.test(kind)
    ? [
        `${luck.pick(['The Quiet Corner', 'Morning Post'])}`,
        `${name} & Friends`,
        luck.pick(['Number Nine', 'Little Harbour']),
      ]
    : [
        `${name}, the way it should be.`,
        luck.pick(['Worth getting up for.', 'Made here, loved here.']),
        `Good days begin with ${article.toLowerCase().replace(/^(?:my|our) /, 'our ')}${thing}.`,
      ]
  return `Three ideas for ${article.toLowerCase().replace(/^(?:my|our) /, 'your ')}${thing}:\n\n${ideas.map((idea, at) => `${at + 1}. ${idea}`).join('\n')}\n\nThe second one is my favourite, since it is easy to remember. Should it sound more playful or more serious?`
}
