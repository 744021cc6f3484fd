/** The directory of this process where replicas share a volume. */
import type { Config } from '../config/schema/index.ts'
import { takeSlot } from '../ledger/slots.ts'
import type { CompleteParts } from './index.ts'

export interface LedgerPlace {
  /** A configuration with the directory of this process in place of the one that all replicas have. */
  placed(config: Config): Config
  release(): Promise<void>
}

/** @throws LedgerError `ledger_directory` */
export async function placeLedger({ ledger }: Config, parts: CompleteParts): Promise<LedgerPlace> {
  if (!ledger.shared || parts.ledger !== undefined) return { placed: config => config, release: async () => {} }
  const slot = await takeSlot(ledger.directory, {
    log: parts.log,
    lost: () => parts.ledgerLost?.(slot.directory),
  })
  parts.log.info({ directory: slot.directory }, 'ledger_taken')
  return {
    placed(config) {
      const isSame = config.ledger.shared && config.ledger.directory === ledger.directory
      return isSame ? { ...config, ledger: { ...config.ledger, directory: slot.directory } } : config
    },
    release: () => slot.release(),
  }
}
