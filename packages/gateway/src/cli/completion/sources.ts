/** What can be typed for the values of options and arguments: names of the running gateway, files, or nothing known. */
import type { Argument, Option } from 'commander'

/** Kinds of names that `names.ts` looks up. */
export type NameKind =
  | 'account'
  | 'caller'
  | 'code'
  | 'deployment'
  | 'dimension'
  | 'feed'
  | 'instance'
  | 'model'
  | 'operation'
  | 'replica'
  | 'rule'
  | 'target'
  | 'workload'

/** `file`: the shell completes a path. Null: what it takes is not known, as a time or a text. */
export type ValueSource = NameKind | 'file' | null

/** Options by their long form, where the value's name in the help does not say it. */
const byOption: Readonly<Record<string, NameKind>> = {
  '--actor': 'caller',
  '--as': 'account',
  '--by': 'dimension',
  '--caller': 'caller',
  '--code': 'code',
  '--deployment': 'deployment',
  '--instance': 'instance',
  '--model': 'model',
  '--operation': 'operation',
  '--reader': 'account',
  '--replica': 'replica',
  '--target': 'target',
  '--workload': 'workload',
}

/** Values and arguments by their name in the help, as `<file>`. */
const byValue: Readonly<Record<string, Exclude<ValueSource, null>>> = {
  ...{ directory: 'file', file: 'file', path: 'file', command: 'file' },
  ...{ instance: 'instance', workload: 'workload', feed: 'feed', deployment: 'deployment', rule: 'rule' },
}

/** The words in angle brackets of an option, as `file` of `-c, --config <file>`. */
export function valueName({ flags }: Option): string {
  return /[<[]([\w:-]+)/.exec(flags)?.[1] ?? ''
}

export function sourceOfOption(option: Option): ValueSource {
  return byValue[valueName(option)] ?? byOption[option.long ?? ''] ?? null
}

export function sourceOfArgument(argument: Argument): ValueSource {
  return byValue[argument.name()] ?? null
}
