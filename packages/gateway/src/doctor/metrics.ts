/** The collector to which metrics are sent, where one is configured. Sends no metric. */
import { explained } from './feeds.ts'
import { type Check, ok } from './index.ts'

/** Longest wait for its answer, in milliseconds. */
const answerMsMax = 15_000

export const metrics: Check = {
  looksAt: 'The collector of `telemetry.metrics`: it takes a request without a metric, with the credential.',
  timeoutMs: 20_000,
  async run({ config, clock }) {
    const settings = config.telemetry.metrics
    if (settings === undefined) return [ok('None is configured.')]
    const { openCollector } = await import('../ledger/feeds/otlp/client.ts')
    const timeout = Math.min(settings.timeout, answerMsMax)
    const collector = openCollector({ ...settings, timeout }, 'metrics', { clock })
    try {
      await collector.send(new Uint8Array())
      return [ok(`The collector at ${new URL(settings.url).host} takes requests.`)]
    } catch (error) {
      return [explained(error, 'Correct telemetry.metrics, or the collector.', null)]
    } finally {
      await collector.close()
    }
  },
}
