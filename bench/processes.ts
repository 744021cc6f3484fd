/** Starts the processes of the benchmark, pinned to cores if the system allows it, questions them, and stops them. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { availableParallelism, constants, setPriority } from 'node:os'
import { join } from 'node:path'
import type { Ask, ChildMessage, ProcessUsage } from './child.ts'

export type BenchErrorCode =
  | 'start_failed'
  | 'child_gone'
  | 'child_failed'
  | 'child_silent'
  | 'peer_missing'
  | 'bad_option'

export class BenchError extends Error {
  readonly code: BenchErrorCode
  constructor(code: BenchErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'BenchError'
    this.code = code
  }
}

/** The core for seats and the ones for load; null if processes cannot be pinned. */
export interface Cores {
  readonly server: string | null
  readonly load: string | null
}

/** Cores that this process may use, as `/proc/self/status` lists them (`0-1,4`); null outside Linux. */
function allowedCores(): number[] | null {
  try {
    const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? ''
    return list.split(',').flatMap(range => {
      const [from, to] = range.split('-').map(Number)
      if (from === undefined) return []
      return Array.from({ length: (to ?? from) - from + 1 }, (_, index) => from + index)
    })
  } catch {
    return null
  }
}

/** The first core for the measured seat, the second for load and backend together. Needs `taskset` and two cores. */
export function chooseCores(): Cores {
  const cores = allowedCores()
  const [server, load] = cores ?? []
  const canPin = spawnSync('taskset', ['--version'], { stdio: 'ignore' }).status === 0
  if (!canPin || server === undefined || load === undefined) return { server: null, load: null }
  return { server: String(server), load: String(load) }
}

/**
 * For what runs on other machines elsewhere: keeps this process off the core of the measured seat, and lets the load
 * and the backend go first on theirs (`SCHED_IDLE`).
 */
export function stepAside({ load }: Cores): void {
  if (load === null) return
  pin(process.pid, load)
  spawnSync('chrt', ['--idle', '--all-tasks', '--pid', '0', String(process.pid)])
}

/**
 * For the load and the backend, where they share a core with the measured seat: they stand for other machines, so the
 * time for which they wait for that core must not count. Says so where the system refuses it.
 */
export function goFirst(child: Child): void {
  try {
    setPriority(child.pid, constants.priority.PRIORITY_HIGHEST)
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error)
    process.stderr.write(
      `process ${child.pid} keeps its priority, so its own waiting counts too (root can change it): ${cause}\n`,
    )
  }
}

/** Moves all threads of a process to these cores, `0,1`. */
function pin(pid: number, cores: string): void {
  const { status, stderr } = spawnSync('taskset', ['-apc', cores, String(pid)], { encoding: 'utf8' })
  if (status !== 0) throw new BenchError('child_failed', `process ${pid} cannot be moved to cores ${cores}: ${stderr}`)
}

export function coreCount(): number {
  return availableParallelism()
}

export interface StartOptions {
  /** For messages and for the file that takes its output. */
  readonly name: string
  /** Core to pin to; null for none. */
  readonly core: string | null
  /** Directory for the process's output. */
  readonly directory: string
  readonly env?: Readonly<Record<string, string>>
}

/** A program, pinned if possible; its output goes to a file, so that a terminal does not slow it down. */
export class Program {
  readonly #process: ChildProcess
  readonly #options: StartOptions
  readonly #exited: Promise<void>
  #onExit: ((how: string) => void)[] = []
  #gone: string | null = null

  constructor(command: string, programArguments: readonly string[], options: StartOptions, ipc: boolean) {
    this.#options = options
    const output = openSync(this.#outputFile(), 'a')
    const pinned = options.core === null ? [command] : ['taskset', '-c', options.core, command]
    const [program = command, ...before] = pinned
    this.#process = spawn(program, [...before, ...programArguments], {
      stdio: ['ignore', output, output, ...(ipc ? (['ipc'] as const) : [])],
      env: { ...process.env, ...options.env },
    })
    closeSync(output)
    this.#exited = new Promise(resolve => {
      const gone = (how: string): void => {
        this.#gone ??= how
        for (const listener of this.#onExit) listener(how)
        resolve()
      }
      this.#process.on('exit', (code, signal) => gone(signal ?? `exit code ${code}`))
      this.#process.on('error', error => gone(error.message))
    })
  }

  get process(): ChildProcess {
    return this.#process
  }

  /** Process id; BenchError `start_failed` when the program could not be started at all. */
  get pid(): number {
    const pid = this.#process.pid
    if (pid === undefined) throw new BenchError('start_failed', `${this.#options.name} could not be started`)
    return pid
  }

  /** Calls `listener` when the program ends, at once when it has. */
  onExit(listener: (how: string) => void): void {
    if (this.#gone === null) this.#onExit.push(listener)
    else listener(this.#gone)
  }

  /** Its exit and the last lines of its output. */
  epitaph(): string {
    const printed = readFileSync(this.#outputFile(), 'utf8').trim().slice(-1_500)
    return `${this.#options.name} ended (${this.#gone ?? 'still running'})${printed === '' ? '' : `; it printed:\n${printed}`}`
  }

  /** SIGTERM, and SIGKILL after `graceMs`. Resolves when the process is gone. */
  async terminate(graceMs = 10_000): Promise<void> {
    if (this.#gone !== null) return
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), graceMs)
    this.#process.kill('SIGTERM')
    await this.#exited
    clearTimeout(timer)
  }

  #outputFile(): string {
    return join(this.#options.directory, `${this.#options.name}.out`)
  }
}

interface Pending {
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: BenchError) => void
}

/** A process that runs one of the files of this directory and speaks `child.ts`. */
export class Child {
  readonly #program: Program
  readonly #name: string
  readonly #pending = new Map<number, Pending>()
  #nextId = 1

  private constructor(program: Program, name: string) {
    this.#program = program
    this.#name = name
    program.process.on('message', message => this.#take(message as ChildMessage))
    program.onExit(() => {
      for (const { reject } of this.#pending.values()) reject(new BenchError('child_gone', program.epitaph()))
      this.#pending.clear()
    })
  }

  /**
   * Starts `file` (beside this one) on this same Node and waits until it is ready. `Ready` is what the file then sends.
   * BenchError `start_failed` when it ends or stays silent for 60 s.
   */
  static start<Ready>(
    file: string,
    programArguments: readonly string[],
    options: StartOptions,
  ): Promise<{ child: Child; ready: Ready }> {
    const program = new Program(process.execPath, [join(import.meta.dirname, file), ...programArguments], options, true)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        void program.terminate(0)
        reject(new BenchError('start_failed', `${options.name} was not ready after 60 s`))
      }, 60_000)
      program.onExit(() => {
        clearTimeout(timer)
        reject(new BenchError('start_failed', program.epitaph()))
      })
      program.process.once('message', message => {
        clearTimeout(timer)
        // Both ends are files of this directory, of the same version.
        resolve({ child: new Child(program, options.name), ready: (message as { ready: Ready }).ready })
      })
    })
  }

  /**
   * Sends a question and waits for the answer. BenchError `child_failed`, `child_gone`, or `child_silent` after
   * `timeoutMs`.
   */
  ask<Answer>(question: string, argument: unknown = null, timeoutMs = 120_000): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const id = this.#nextId++
      const timer = setTimeout(() => {
        this.#pending.delete(id)
        reject(new BenchError('child_silent', `${this.#name} did not answer '${question}' within ${timeoutMs} ms`))
      }, timeoutMs)
      const settle = <Value>(then: (value: Value) => void) => {
        return (value: Value): void => {
          clearTimeout(timer)
          then(value)
        }
      }
      this.#pending.set(id, { resolve: settle(answer => resolve(answer as Answer)), reject: settle(reject) })
      const message: Ask = { id, ask: question, argument }
      this.#program.process.send(message, error => {
        if (error !== null) this.#settle(id)?.reject(new BenchError('child_gone', this.#program.epitaph()))
      })
    })
  }

  usage(): Promise<ProcessUsage> {
    return this.ask('usage')
  }

  get pid(): number {
    return this.#program.pid
  }

  /** Moves it to these cores, `0,1`. */
  pin(cores: string): void {
    pin(this.#program.pid, cores)
  }

  /** Lets it close what it has open, then ends it. Never rejects: it is also called after failures. */
  async stop(): Promise<void> {
    try {
      await this.ask('stop', null, 15_000)
      this.#program.process.disconnect()
    } catch {
      // Gone already, or stuck: the signal below ends it either way.
    }
    await this.#program.terminate(2_000)
  }

  #take(message: ChildMessage): void {
    if (!('id' in message)) return
    const pending = this.#settle(message.id)
    if ('error' in message) pending?.reject(new BenchError('child_failed', `${this.#name}: ${message.error}`))
    else pending?.resolve(message.answer)
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    return pending
  }
}
