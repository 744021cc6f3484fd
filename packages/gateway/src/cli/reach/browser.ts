import { spawn } from 'node:child_process'

/** The program that opens a page on this platform; null where there is none. */
export function browserCommand(
  platform: NodeJS.Platform,
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] | null {
  const chosen = env.BROWSER
  if (chosen !== undefined && chosen !== '') return [chosen]
  if (platform === 'darwin') return ['open']
  // `start` would need a shell, and with it quoting.
  if (platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler']
  const screen = env.DISPLAY ?? env.WAYLAND_DISPLAY ?? ''
  return screen === '' ? null : ['xdg-open']
}

/** Opens an http(s) page; true when a program was started for it. Its output is not shown. */
export async function openBrowser(url: string, command: readonly string[] | null): Promise<boolean> {
  const [program, ...programArguments] = command ?? []
  if (program === undefined || !/^https?:\/\//.test(url)) return false
  return new Promise(resolve => {
    const child = spawn(program, [...programArguments, url], { stdio: 'ignore', detached: true })
    child.once('error', () => resolve(false))
    child.once('spawn', () => resolve(true))
    child.unref()
  })
}
