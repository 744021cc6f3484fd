/** Instances that do not serve, or that an operator keeps calls away from. */
import type { InstanceState, LaneState } from '../../instances/state.ts'
import type { Attention } from './index.ts'

export function aboutInstances(instances: readonly InstanceState[]): readonly Attention[] {
  return instances.flatMap(instance => [...aboutInstance(instance), ...aboutLanes(instance)])
}

function aboutInstance(instance: InstanceState): readonly Attention[] {
  const { name, drained, credentialRefused, lastProbe, inFlight } = instance
  const about = { subject: name, page: 'instances', parameters: { instance: name } } as const
  const found: Attention[] = []
  if (credentialRefused) {
    found.push({
      ...about,
      ...{ severity: 'critical', code: 'credential_refused', sinceMs: null },
      what: `Instance ${name} does not let the gateway in: its credential, its account or its network is refused.`,
      next: 'Check the key or the role of the managed identity, and the firewall; then probe the instance.',
    })
  }
  if (drained !== null) {
    found.push({
      ...about,
      ...{ severity: 'note', code: 'instance_drained', sinceMs: drained.sinceMs },
      what: `Instance ${name} gets no new calls: ${drained.by} has drained it. ${inFlight} are still running there.`,
      next: 'Restore it when the work on it is done.',
    })
  }
  if (lastProbe?.ok === false && !credentialRefused) {
    found.push({
      ...about,
      ...{ severity: 'warning', code: 'probe_failed', sinceMs: lastProbe.atMs },
      what: `The last probe of instance ${name} failed: ${lastProbe.error ?? 'it was not answered'}`,
      next: 'Probe it again, and look at its endpoint and the network.',
    })
  }
  return found
}

function aboutLanes({ name, lanes, healthy, credentialRefused }: InstanceState): readonly Attention[] {
  // Its credential is the reason then, and it has its own line.
  const open = credentialRefused ? [] : lanes.filter(({ breaker }) => breaker === 'open')
  const isAll = !healthy && open.length === lanes.length
  return open.map((lane): Attention => {
    const throttled = lane.breakerReason === 'throttled'
    return {
      severity: isAll && !throttled ? 'critical' : 'warning',
      code: throttled ? 'deployment_throttled' : 'breaker_open',
      subject: `${name}/${lane.deployment}`,
      what: `Deployment ${lane.deployment} of instance ${name} is not used at the moment (${reasonText(lane)}): ${lane.failures} of ${lane.calls} attempts failed since the start.`,
      next: throttled
        ? 'Give it more capacity, or add a member to its pool.'
        : 'Look at its records, and at the health of the resource in Azure.',
      sinceMs: null,
      page: 'instances',
      parameters: { instance: name, deployment: lane.deployment },
    }
  })
}

function reasonText({ breakerReason }: LaneState): string {
  return breakerReason === null ? 'its breaker is open' : breakerReason.replaceAll('_', ' ')
}
