import { setFlagsFromString } from 'node:v8'

/**
 * Settings of the runtime for a process that serves. To be called before anything is loaded.
 *
 * Scavenges of a gateway find little alive, so that starting helper threads for each costs more than they help: without them a
 * call takes 10 to 15 % less CPU on one core, all threads together (`npm run bench`).
 */
export function tuneRuntime(): void {
  setFlagsFromString('--no-parallel-scavenge')
}
