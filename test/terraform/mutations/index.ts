/** Mistakes that the checks of `deploy/terraform` must find, a file per module. */
import { aks } from './aks.ts'
import { edge } from './edge.ts'
import { entra } from './entra.ts'
import { gateway } from './gateway.ts'
import { identity } from './identity.ts'
import { ledger } from './ledger.ts'
import type { Mutation } from './mutation.ts'
import { network } from './network.ts'
import { observability } from './observability.ts'
import { openai } from './openai.ts'
import { redis } from './redis.ts'
import { registry } from './registry.ts'
import { root } from './root.ts'
import { vault } from './vault.ts'

const all = [root, network, openai, identity, ledger, observability, entra, edge, registry, vault, redis, gateway, aks]

/** Found by the parser and the rules, on every machine. */
export const written: readonly Mutation[] = all.flatMap(each => each.written)

/** Found by Terraform alone, from values that it computes. */
export const computed: readonly Mutation[] = all.flatMap(each => each.computed)
