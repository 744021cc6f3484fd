// Runs a program on another Node in the place of this process. Plain JavaScript that Node 18 and newer can read: this
// file runs on the machine's own Node.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'

/**
 * Starts the program with the terminal of this process, passes signals to it, and ends with its exit code: with
 * 128 + the signal's number, as shells do, when a signal ended it.
 * @param {string} runtime Path of the Node to use.
 * @param {readonly string[]} args The program and its arguments.
 * @param {NodeJS.ProcessEnv} env
 * @param {string} next What the user can do when the runtime cannot be started.
 */
export function launch(runtime, args, env, next) {
  const failed = error => {
    process.stderr.write(
      `✗ runtime_failed  ${runtime} cannot be started (${error.code ?? error.message}).\n` +
        `  On Linux it needs glibc, which musl systems such as Alpine lack; or its folder forbids programs (noexec).\n` +
        `  Try: ${next}\n`,
    )
    process.exit(1)
  }
  try {
    const child = spawn(runtime, args, { stdio: 'inherit', env })
    child.on('error', failed)
    // A signal may be for this process only, or for the whole group (Ctrl-C, systemd, `timeout`). It is passed on in
    // both cases: the program takes a quick repetition of the same signal as one.
    for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT']) process.on(signal, () => pass(child, signal))
    child.on('exit', (code, signal) => {
      if (code === notLoaded && process.platform === 'linux') sayLibrary(runtime)
      process.exit(signal ? 128 + (constants.signals[signal] ?? 0) : (code ?? 1))
    })
  } catch (error) {
    failed(error)
  }
}

/** With this code the loader of Linux ends a program that lacks a library, after a line that names it (ld.so(8)). */
const notLoaded = 127

/** @param {string} runtime */
function sayLibrary(runtime) {
  process.stderr.write(
    `✗ runtime_failed  ${runtime} cannot be loaded: the line above names the library that is missing.\n` +
      `  Most often it is libatomic.so.1, which small systems lack.\n` +
      `  Try: apt-get install libatomic1, or dnf install libatomic\n`,
  )
}

/** On Windows a console gives Ctrl-C to every program itself, and `kill` would end the child at once. */
function pass(child, signal) {
  if (process.platform !== 'win32') child.kill(signal)
}
