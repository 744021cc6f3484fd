/** A process that takes a directory of a shared volume, prints it, and prints `lost` when another has taken it. */
import { silentLog } from '../log.ts'
import { takeSlot } from './slots.ts'

const [base = '', beatMs = ''] = process.argv.slice(2)
const say = (text: string): void => void process.stdout.write(`${text}\n`)
const slot = await takeSlot(base, { log: silentLog, lost: () => say('lost'), beatMs: Number(beatMs) })
say(slot.directory)
process.stdin.resume()
process.stdin.once('end', () => void slot.release().then(() => process.exit(0)))
