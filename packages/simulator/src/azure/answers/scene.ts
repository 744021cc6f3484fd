import type { Dice } from './random.ts'
import type { Turn } from './turns.ts'

/** What an answer is made from. */
export interface Scene {
  readonly messages: readonly Turn[]
  /** The last message of a person. */
  readonly asked: string
  /** System and developer messages. */
  readonly told: string
  readonly luck: Dice
}

/** Answers when the scene is of its kind, else null. */
export type Intent = (scene: Scene) => string | null
