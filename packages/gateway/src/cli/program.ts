/** Runs the command line of this process. */
import { type ExitCode, outputFailure, reportError } from './errors.ts'
import { startedVariable } from './started.ts'
import { buildProgram } from './tree.ts'

const { program, context } = buildProgram()
// Programs that this one starts are not started as this one was.
delete process.env[startedVariable]

const report = (error: unknown): ExitCode => {
  const debug = process.env['GATEHOUSE_DEBUG'] === '1'
  return reportError(error, { json: context.json, stderr: process.stderr, program: context.program, debug })
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A pipe that closes early (`gatehouse records list | head`) is not a failure.
  process.exit(error.code === 'EPIPE' ? 0 : report(outputFailure(error)))
})
// There is no place left to say it, and a gateway goes on when its log cannot be written.
process.stderr.on('error', () => {})

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = report(error)
}
