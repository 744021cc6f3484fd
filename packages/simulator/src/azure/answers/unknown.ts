import type { Scene } from './scene.ts'
import { contentWords, wordsOf } from './words.ts'

type Luck = Scene['luck']

/** A kind of question, by its form, and what can be said honestly when its subject is not known. `$1` is the subject. */
interface Kind {
  readonly form: RegExp
  readonly say: readonly string[]
}

const phraseWordsMax = 14
const subject = String.raw`([^?.!\n]{2,120})`

function form(beginning: string): RegExp {
  return new RegExp(String.raw`^(?:please |can you |could you |would you )?(?:${beginning})\s+${subject}`, 'i')
}

/** The first kind whose form fits answers. */
const kinds: readonly Kind[] = [
  {
    form: form(
      `how (?:do|can|could|should|would|must|might) (?:i|we|one|you)|how to|what(?:['’]s| is) the best way to|help me(?: to)?|tell me how to`,
    ),
    say: [
      'To $1, I would first pin down what a good result looks like and what stands in the way right now, since the advice differs a lot from case to case. What have you tried so far?',
      'I know no recipe that is sure to work for that. To $1 with little risk, try it once on a small scale, see what goes wrong, and change one thing at a time. What is your starting point?',
      'That depends on a detail or two that I do not know yet. If you want to $1, tell me your deadline and what you have at hand, and I will write down the steps in order.',
      'I am not certain how best to $1. Tell me what you have at hand and what must not go wrong, and I will propose a first step that you can try today.',
    ],
  },
  {
    form: form('how (?:many|much|long|far|old|often|tall|high|big|fast|deep|expensive)'),
    say: [
      'I do not have a figure for that which I would vouch for. Official statistics or the maker’s own data are the places to look; if you send me what you find, I will check the arithmetic with you. For which year or region do you need it?',
      'I would have to guess, and a guessed figure is worse than none. If you tell me two or three things that it follows from, I can estimate it with you and show each step. How exact must it be?',
      'That figure is not among the things I know for certain. Do you need the exact value, or is an order of magnitude enough?',
    ],
  },
  {
    form: form(
      `who(?: is| was| are| were|['’]s)?|when(?: is| was| did| does| will)?|where(?: is| are| can| do| did)?|in which year`,
    ),
    say: [
      'I do not know that reliably, and with names, dates and places a wrong answer does harm. An encyclopedia or the organisation’s own site settles it in a minute. Is there a context, such as a company or a country, in which you ask?',
      'I cannot tell you that with certainty. If you give me the document or page where it should stand, I can find the passage for you. Where did you come across it?',
      'That is something I would look up rather than recall. What do you need it for? Perhaps I can help with that directly.',
    ],
  },
  {
    form: form(
      String.raw`why (?:do|does|did|is|are|was|were|can['’]?t|won['’]?t|doesn['’]?t|has|have)(?: not)? (?:my|our|the|it|this|i|we)\b`,
    ),
    say: [
      'I cannot see the cause from here, but two questions usually narrow it down: what changed shortly before it began, and does it always happen or only under certain conditions? Tell me that and the exact wording of any message.',
      'Without more detail I could only guess. Try to reproduce it in the smallest case you can, and note what you expected and what came instead. What exactly do you see?',
      'There are several possible causes. Begin with the most recent change, undo it for a test, and see whether the effect goes away. Since when does it happen?',
    ],
  },
  {
    form: form('why'),
    say: [
      'I do not know of an explanation that I could back up, so take nothing from me on trust here. A good encyclopedia article names the accepted reasons and what is still disputed. Did something particular bring you to the question?',
      'I am not sure, and I would rather say so than make up a reason. If you have a source at hand, paste the passage and I will explain it in plain words. What is your own guess?',
    ],
  },
  {
    form: form(
      `(?:compare|what(?:['’]s| is| are)? the differences? between|which is better,?:?|should i (?:choose|use|take|buy))`,
    ),
    say: [
      'I know too little about $1 to name a winner. Compare them by three things that matter to you, such as cost, effort and how easily you can change your mind, and give each a weight before you look at the details. What matters most to you?',
      'For $1 I have no dependable comparison. Send me the descriptions or offers, and I will set them side by side in a table. What will you use it for?',
    ],
  },
  {
    form: form('write|draft|compose|create|design|prepare|make|generate'),
    say: [
      'Happy to. So that it fits, I need two things: who will read it, and what they should do or know afterwards. Then I will write $1 in one go; about how long may it be?',
      'I can write $1 for you. Give me three facts that must be in it and the tone you would like, and I will send a draft. Who is it for?',
    ],
  },
  {
    form: form('recommend|suggest|what should i|which|propose|any (?:ideas|tips|advice)'),
    say: [
      'I do not know enough about your situation to recommend something with a good conscience. Tell me your budget or limits and what you did not like about earlier choices, and I will name two options with their drawbacks. What is it for?',
      'A good recommendation hangs on your taste and your limits. Which two conditions must be met in any case?',
    ],
  },
  {
    form: form(
      `what (?:is|are|was|were)|what['’]s|what does|explain(?: to me)?|describe|define|tell me (?:more )?about|what do you know about|(?:and )?what about|and`,
    ),
    say: [
      'I do not know enough about $1 to explain it dependably. If you paste a paragraph about it, I can put it into plain words or answer questions on it. Where did you come across it?',
      'I am not sure about $1, and I would rather not invent something. Do you mean it in a particular field or company?',
      'About $1 I have no reliable knowledge. The source that uses the term mostly defines it near its first mention; send me that passage and I will explain it. What do you need it for?',
      'I have to pass on $1: whatever I said would be a guess. Can you tell me in a few words what it belongs to?',
    ],
  },
]

const others = [
  'I am not sure what you need on “$1”. Do you want an explanation, a text, or a decision prepared? A sentence on the purpose is enough for me to begin.',
  'I can work with “$1”, but not yet in a useful way. Should I look for mistakes, sum it up, or answer a question about it?',
  'Could you put a little more around “$1”? Who is it about, and what would a good answer let you do?',
  'About “$1” I have nothing dependable to say so far. What would you like to find out, or what should come out in the end?',
]

/** An honest answer to what is not known: what can be said about this kind of question, and one question back. */
export function unknown({ asked, luck }: Scene): string {
  if (contentWords(asked).length === 0) {
    return 'I am not sure what you would like to know. Could you say it in a sentence, with what you want to achieve and what you have tried?'
  }
  const sentence = asked.match(/[^\n]+/)?.[0] ?? asked
  for (const kind of kinds) {
    const found = kind.form.exec(sentence.trim().slice(0, 300))
    if (found !== null) return filled(kind.say, found[1] ?? '', luck)
  }
  return filled(others, sentence, luck)
}

function filled(says: readonly string[], phrase: string, luck: Luck): string {
  const words = towardsYou(
    phrase
      .trim()
      .replace(/[\s,;:.!?]+$/, '')
      .replace(/ means?$/, ''),
  ).split(/\s+/)
  const short = words.length > phraseWordsMax ? `${words.slice(0, phraseWordsMax).join(' ')} …` : words.join(' ')
  return luck.pick(says).replace('$1', () => short)
}

/** The asker's own words said back: `my landlord` becomes `your landlord`. */
export function towardsYou(phrase: string): string {
  const turned: Readonly<Record<string, string>> = {
    i: 'you',
    me: 'you',
    my: 'your',
    mine: 'yours',
    myself: 'yourself',
    we: 'you',
    us: 'you',
    our: 'your',
    ours: 'yours',
    am: 'are',
  }
  if (wordsOf(phrase).length === 0) return phrase.slice(0, 60)
  return phrase.replace(/\b[a-z]+\b/gi, word => turned[word.toLowerCase()] ?? word)
}
