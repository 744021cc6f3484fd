/** What can be typed next, for the shell to show. */
import type { Command, Option } from 'commander'
import { sentence } from '../terminal/sentence.ts'
import { optionsOf, type Place, placeOf } from './place.ts'
import { type NameKind, sourceOfArgument, sourceOfOption, type ValueSource } from './sources.ts'

export interface Candidate {
  readonly value: string
  /** In one line; empty where the value says it all. */
  readonly what: string
}

/** `file`: the shell completes a path. */
export type Candidates = readonly Candidate[] | 'file'

/** Looks up names. Its errors are those of the management API. */
export type LookUpNames = (kind: NameKind, place: Place) => Promise<readonly string[]>

/** @param words after the name of the program; the last one is being typed. */
export async function candidatesOf(
  program: Command,
  words: readonly string[],
  lookUp: LookUpNames,
): Promise<Candidates> {
  const typed = words.at(-1) ?? ''
  const place = placeOf(program, words.slice(0, -1))
  const { option, argument } = place
  if (option !== null) return values(option.argChoices, sourceOfOption(option), { typed, place, lookUp })
  if (typed.startsWith('-') && !place.onlyArguments) return fitting(typed, optionCandidates(program, place))
  const verbs = place.mayBeCommand ? verbsOf(place.command) : []
  const source = argument === null ? null : sourceOfArgument(argument)
  const further = await values(argument?.argChoices, source, { typed, place, lookUp })
  if (further === 'file') return verbs.length === 0 ? 'file' : fitting(typed, verbs)
  return [...fitting(typed, verbs), ...further]
}

interface Asked {
  readonly typed: string
  readonly place: Place
  readonly lookUp: LookUpNames
}

async function values(
  choices: readonly string[] | undefined,
  source: ValueSource,
  { typed, place, lookUp }: Asked,
): Promise<Candidates> {
  if (choices !== undefined) return fitting(typed, choices.map(plain))
  if (source === null || source === 'file') return source ?? []
  const names = await lookUp(source, place)
  // Dimensions are a list: what is before the last comma is kept.
  const kept = source === 'dimension' ? typed.slice(0, typed.lastIndexOf(',') + 1) : ''
  return fitting(
    typed,
    [...new Set(names)].map(name => plain(kept + name)),
  )
}

function plain(value: string): Candidate {
  return { value, what: '' }
}

function verbsOf(command: Command): Candidate[] {
  const help = command.createHelp()
  return help
    .visibleCommands(command)
    .map(one => ({ value: one.name(), what: sentence(one.summary() || one.description()) }))
}

/** Options that the line does not have yet. */
function optionCandidates(program: Command, { command, given }: Place): Candidate[] {
  const isFree = ({ long, variadic, parseArg }: Option): boolean =>
    long !== undefined && (!given.has(long) || variadic || parseArg !== undefined)
  return optionsOf(program, command)
    .filter(isFree)
    .map(option => ({ value: option.long ?? '', what: sentence(option.description) }))
}

/** In either case: names of callers are typed as people write them. */
function fitting(typed: string, candidates: readonly Candidate[]): readonly Candidate[] {
  const begun = typed.toLowerCase()
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a name with control characters cannot be typed.
  const isTypable = (value: string): boolean => !/[\u0000-\u001f\u007f-\u009f]/.test(value)
  return candidates.filter(({ value }) => isTypable(value) && value.toLowerCase().startsWith(begun))
}
