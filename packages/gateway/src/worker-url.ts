/**
 * URL of a worker thread's module beside the caller's. The checkout runs TypeScript as it is; the published package is
 * built JavaScript, and the build rewrites imports but not URLs.
 *
 * @param name file name with the extension `.ts`
 * @param base `import.meta.url` of the caller
 */
export function workerUrl(name: `./${string}.ts`, base: string): URL {
  return new URL(base.endsWith('.js') ? name.replace(/\.ts$/, '.js') : name, base)
}
