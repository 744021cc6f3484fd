import { jobAdvert } from './adverts.ts'
import { codingAnswer } from './coding.ts'
import { plainLanguage, summary, transformed } from './documents.ts'
import { expertSearch } from './experts.ts'
import { explanation } from './explain.ts'
import { followUp, fromToolResults } from './history.ts'
import { describeImage } from './images.ts'
import { invention } from './inventions.ts'
import { mail } from './mails.ts'
import { dice } from './random.ts'
import type { Intent, Scene } from './scene.ts'
import {
  arithmetic,
  capital,
  chatter,
  counting,
  equation,
  joke,
  literal,
  poem,
  smallTalk,
  translation,
} from './short-answers.ts'
import { inTone } from './tone.ts'
import { clipped, conversationKey, instructions, lastQuestion, type Turn } from './turns.ts'

export interface TextAsk {
  /** Does not change the text: tests compare answers of different models. */
  readonly model: string
  readonly messages: readonly Turn[]
  /**
   * Sentences that would begin after this many tokens are not made. Where the answer is longer, more than this many
   * tokens are returned, so that the caller's cut shows.
   */
  readonly maxTokens?: number
  readonly seed: number
  /** Distinguishes the choices of n > 1, and repeats without a seed. */
  readonly variant: number
}

/** The first one that recognises the question answers it. */
const intents: readonly Intent[] = [
  // A tool's result is the answer to the question before it, whatever that was.
  fromToolResults,
  pictures,
  // "Say exactly X" comes before all topics that X may contain.
  literal,
  smallTalk,
  chatter,
  // A text in the message is processed, not answered: a mail that is to be summarised may ask questions itself.
  summary,
  // Before translation: "translate into plain language" names no other language.
  plainLanguage,
  translation,
  jobAdvert,
  mail,
  transformed,
  followUp,
  codingAnswer,
  equation,
  arithmetic,
  counting,
  capital,
  joke,
  poem,
  invention,
  expertSearch,
  explanation,
]

/**
 * An answer to the conversation's last question, usually of 20 to 250 tokens; shorter when the question wants something
 * short (a sum, a word to repeat). The same conversation, seed and variant give the same answer.
 */
export function answerText(ask: TextAsk): string {
  const { seed, variant } = ask
  const messages = clipped(ask.messages)
  const scene: Scene = {
    messages,
    question: lastQuestion(messages),
    instructions: instructions(messages),
    luck: dice(seed, `${variant} ${conversationKey(ask.messages)}`),
  }
  for (const intent of intents) {
    const answer = intent(scene)
    if (answer !== null) return shortened(inTone(answer, scene), ask.maxTokens)
  }
  return shortened(inTone(explanation(scene), scene), ask.maxTokens)
}

function pictures({ messages, question, luck }: Scene): string | null {
  const images = messages.findLast(turn => turn.role === 'user')?.images ?? []
  return describeImage({ images, question, seed: luck.below(1_000_000), variant: 0 })
}

/** No token of the answers' prose and code is longer than this; they have no runs of spaces. */
const charactersPerTokenMax = 24

function shortened(answer: string, maxTokens: number | undefined): string {
  if (maxTokens === undefined || answer.length <= (maxTokens + 1) * charactersPerTokenMax) return answer
  return answer.slice(0, (maxTokens + 1) * charactersPerTokenMax)
}
