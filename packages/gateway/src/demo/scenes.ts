/** What the people of the demonstration ask. Believable questions, in the words of the workloads. */

export interface Scene {
  /** Person or application of the directory. */
  readonly as: string
  readonly workload: string
  readonly target: string
  readonly deployment: string
  readonly kind:
    | 'chat'
    | 'stream'
    | 'embedding'
    /** The client disconnects in the middle of the answer. */
    | 'left'
    /** The backend breaks off in the middle of the answer. */
    | 'cut'
    | 'filtered'
    | 'refused'
    | 'wrong_deployment'
    | 'backend_error'
  readonly system: string | null
  readonly question: string
}

interface Desk {
  readonly as: readonly string[]
  readonly workload: string
  readonly targets: readonly string[]
  readonly deployments: readonly string[]
  readonly system: string
  readonly questions: readonly string[]
  /** Share of calls that stream, 0..1. */
  readonly streams: number
  /** Share of embeddings, 0..1. */
  readonly embeddings: number
  /** Share among all calls. */
  readonly weight: number
}

export const desks: readonly Desk[] = [
  {
    as: ['alice', 'alice', 'carol'],
    workload: 'hr-bot',
    targets: ['main', 'main', 'dev-openai-instance-2'],
    deployments: ['gpt-4o', 'gpt-4o', 'gpt-4o-mini'],
    system: 'You answer questions of employees about human resources, briefly and kindly.',
    questions: [
      'How many days of parental leave do I have, and how do I apply for them?',
      'Can I carry unused vacation days over into next year?',
      'Draft a friendly mail that invites the new colleagues to the onboarding on Monday.',
      'What must I do before I work from abroad for two weeks?',
      'Explain the difference between gross and net salary to an apprentice.',
      'Who approves a training budget of 1,200 euros?',
      'Summarise our travel policy for somebody who travels for the first time.',
      'My payslip shows a deduction that I do not understand. Which questions should I ask payroll?',
      'Write a short job advertisement for a payroll specialist in Hamburg.',
      'How does the notice period change after five years with the company?',
      'Which documents does a working student need on the first day?',
      'Translate into plain language: the remuneration shall be payable in arrears on a monthly basis.',
    ],
    streams: 0.65,
    embeddings: 0.06,
    weight: 4,
  },
  {
    as: ['bob', 'bob', 'bob', 'carol'],
    workload: 'code-assistant',
    targets: ['main', 'main', 'dev-openai-instance-2'],
    deployments: ['gpt-4o', 'gpt-4o-mini'],
    system: 'You are a careful programmer. Answer with code where it helps, and say what could go wrong.',
    questions: [
      'Write a TypeScript function that groups an array of objects by a key.',
      'Why does my Python generator return nothing the second time I loop over it?',
      'Review this SQL: select * from orders where customer_id = 7 or 1 = 1',
      'Explain how a B-tree index speeds up a range query.',
      'Turn this into a retry with exponential back-off: await fetch(url)',
      'What is the difference between optimistic and pessimistic locking?',
      'Write a unit test for a function that parses ISO 8601 durations.',
      'How do I find out which of my Kubernetes pods are being throttled?',
      'Give me a regular expression for a GUID, and say what it does not check.',
      'Refactor nested callbacks into async and await, step by step.',
    ],
    streams: 0.85,
    embeddings: 0,
    weight: 5,
  },
  {
    as: ['expert-finder-app'],
    workload: 'expert-finder',
    targets: ['main'],
    deployments: ['gpt-4o-mini'],
    system: 'You name the kind of expert who can help, and why.',
    questions: [
      'Who knows about battery recycling and speaks French?',
      'Find somebody with experience in migrating SAP to the cloud.',
      'Which colleague could review a patent about optical sensors?',
      'Somebody in Munich who has introduced ISO 27001 before?',
      'Expert for thermal simulation of small electric motors',
      'Who can explain our pricing model to a customer in Japan?',
    ],
    streams: 0.2,
    embeddings: 0.55,
    weight: 3,
  },
]

/** A scene for a number source of 0..1, as `Math.random`. */
export function drawScene(random: () => number): Scene {
  const desk = pickWeighted(desks, random)
  const deployment = pick(desk.deployments, random)
  const scene: Scene = {
    as: pick(desk.as, random),
    workload: desk.workload,
    target: pick(desk.targets, random),
    deployment,
    kind: random() < desk.streams ? 'stream' : 'chat',
    system: desk.system,
    question: pick(desk.questions, random),
  }
  if (random() < desk.embeddings) {
    return { ...scene, deployment: 'text-embedding-3-small', kind: 'embedding', target: 'main', system: null }
  }
  // About one call in twenty-five fails, in different ways.
  const fate = random()
  if (fate < 0.012) return { ...scene, kind: 'left' }
  if (fate < 0.018) return { ...scene, kind: 'filtered' }
  if (fate < 0.026) return { ...scene, as: 'dave', kind: 'refused' }
  if (fate < 0.032) return { ...scene, deployment: 'gpt-4-turbo', kind: 'wrong_deployment' }
  if (fate < 0.042) return { ...scene, kind: 'backend_error' }
  if (fate < 0.046) return { ...scene, kind: 'cut' }
  return scene
}

export function pick<T>(list: readonly T[], random: () => number): T {
  return list[Math.min(list.length - 1, Math.floor(random() * list.length))] as T
}

function pickWeighted(list: readonly Desk[], random: () => number): Desk {
  let place = random() * list.reduce((sum, desk) => sum + desk.weight, 0)
  for (const desk of list) {
    place -= desk.weight
    if (place < 0) return desk
  }
  return list[0] as Desk
}

/** Numbers of 0..1 that are the same for the same seed (mulberry32): the history is the same on every machine. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
