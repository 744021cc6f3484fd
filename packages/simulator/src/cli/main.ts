#!/usr/bin/env node
/**
 * The command `gatehouse-simulator`: starts the services, prints their addresses, and closes them at SIGINT or SIGTERM.
 */
import { readFileSync } from 'node:fs'
import { reportError } from './errors.ts'
import { helpText } from './help.ts'
import { readArguments } from './options.ts'
import { pasteLines } from './paste.ts'
import type { Running } from './start.ts'
import { stopSignal } from './stop.ts'

async function run(args: readonly string[]): Promise<void> {
  const given = readArguments(args)
  if (given.flag('help')) return void process.stdout.write(helpText())
  if (given.flag('version')) return void process.stdout.write(`${version()}\n`)
  const stopped = stopSignal()
  // Imported now: help and a wrong command line do not wait for it.
  const { start } = await import('./start.ts')
  const running = await start(given)
  process.stdout.write(given.flag('json') ? `${JSON.stringify(asJson(running))}\n` : asText(running))
  await stopped
  await running.close()
}

function version(): string {
  const manifest: { readonly version: string } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  )
  return manifest.version
}

function asJson({ azure, entra }: Running): object {
  return {
    azure: azure.map(({ name, url }) => ({ name, url, bill: `${url}/_simulator/bill` })),
    entra: entra && {
      url: entra.url,
      tenantId: entra.directory.tenantId,
      people: entra.directory.people.map(({ name, userPrincipalName, password }) => ({
        name,
        userPrincipalName,
        password,
      })),
      applications: entra.directory.applications.map(({ name, appId, secret }) => ({ name, appId, secret })),
      managedIdentity: entra.managedIdentity,
    },
  }
}

function asText(running: Running): string {
  const { azure, entra, deployments } = running
  const names = Object.entries(deployments).map(([name, { model }]) => (name === model ? name : `${name} (${model})`))
  return [
    ...azure.map(({ name, url }) => `${name} answers on ${url}, its bill is at ${url}/_simulator/bill`),
    ...(azure.length === 0 ? [] : [`  deployments: ${names.join(', ')}`]),
    ...(entra === null ? [] : tenantLines(entra)),
    'Ctrl-C ends it.',
    ...pasteLines(running).flatMap(({ title, line }) => ['', `  # ${title}`, line]),
    '',
  ].join('\n')
}

function tenantLines({ url, directory }: NonNullable<Running['entra']>): readonly string[] {
  const names = (rows: readonly { readonly name: string }[]): string => rows.map(row => row.name).join(', ')
  return [
    `The tenant ${directory.tenantId} answers on ${url}`,
    `  people: ${names(directory.people)}`,
    `  applications: ${names(directory.applications)}`,
  ]
}

const args = process.argv.slice(2)
try {
  await run(args)
} catch (error) {
  process.exitCode = reportError(error, args.includes('--json'), process.stderr)
}
