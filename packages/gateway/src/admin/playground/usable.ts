/** What a caller may use in the playground: the deployments of each target of a workload, by the names of clients. */
import { allOperations, namesOperation } from '../../wire/operations.ts'
import type { AdminHouse } from '../index.ts'
import { type RelayedOperation, relayedOperations } from './relay.ts'

type Configured = Pick<AdminHouse, 'instances' | 'pools' | 'workloads'>

export interface UsableWorkload {
  readonly name: string
  readonly operations: RelayedOperation[]
  readonly targets: { readonly name: string; readonly deployments: UsableDeployment[] }[]
}

export interface UsableDeployment {
  readonly name: string
  readonly model: string
  readonly talks: boolean
}

/** Models that do something else than talk, by their names. */
const otherModels =
  /embedding|whisper|\btts\b|transcribe|dall-e|image|sora|turbo-instruct|davinci|babbage|realtime|moderation/i

export function usableWorkload(house: Configured, name: string): UsableWorkload {
  const written = house.workloads[name]
  const allowed = written?.operations ?? []
  return {
    name,
    operations: relayedOperations.filter(relayed =>
      allOperations.some(one => one.name === relayed && namesOperation(allowed, one)),
    ),
    targets: (written?.targets ?? []).map(target => ({
      name: target,
      deployments: (written?.deployments ?? []).flatMap(deployment => {
        const model = modelOf(house, target, deployment)
        return model === null ? [] : [{ name: deployment, model, talks: !otherModels.test(model) }]
      }),
    })),
  }
}

/** The model of a deployment or an alias on the first member that has it; null when none has. */
function modelOf({ instances, pools }: Configured, target: string, deployment: string): string | null {
  const members = pools[target]?.members ?? [{ instance: target, aliases: {} as Readonly<Record<string, string>> }]
  for (const { instance, aliases } of members) {
    const own = Object.hasOwn(aliases, deployment) ? (aliases[deployment] ?? deployment) : deployment
    const found = instances[instance]?.deployments[own]
    if (found !== undefined) return found.model ?? own
  }
  return null
}
