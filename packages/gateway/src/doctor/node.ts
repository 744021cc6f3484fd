/** The runtime. */
import { type Check, type Finding, failure, ok } from './index.ts'

/** First version that runs the gateway; bin/gatehouse.mjs looks for it. */
const nodeMajorLeast = 26

export const node: Check = {
  looksAt: `The version of Node: ${nodeMajorLeast} or newer.`,
  timeoutMs: 1_000,
  async run() {
    return nodeFindings()
  },
}

/** @param version as `26.10.0`. */
export function nodeFindings(version: string = process.versions.node): readonly Finding[] {
  if (Number.parseInt(version, 10) >= nodeMajorLeast) return [ok(`Node ${version}.`)]
  const next = `Start it with the command gatehouse, which brings its own Node, or install Node ${nodeMajorLeast}.`
  return [failure(`Node ${version} is too old: ${nodeMajorLeast} is needed.`, next)]
}
