import type { Dice } from './random.ts'
import type { Turn } from './turns.ts'

/** The material of an answer. */
export interface Scene {
  readonly messages: readonly Turn[]
  /** The last message of a person. */
  readonly question: string
  /** System and developer messages. */
  readonly instructions: string
  readonly luck: Dice
}

/** Answers a scene of its own kind; null for any other. */
export type Intent = (scene: Scene) => string | null
