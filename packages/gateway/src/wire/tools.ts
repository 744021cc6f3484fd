/**
 * Tools that a call can bring, by their names in a workload's list. Azure runs hosted tools with the resource's own
 * identity and network; the client runs the others. Types: OpenAI's v1 reference, and the agent tools of Azure AI
 * Foundry.
 */

interface ToolFacts {
  /**
   * True for tools that every workload has unless its list says otherwise: they reach nothing outside of the resource.
   */
  readonly standard: boolean
  /** `type` of the tool; dated versions of it are the same tool. Default: the name. */
  readonly types?: readonly string[]
}

const own = { standard: true } as const
const outside = { standard: false } as const

const tools = {
  // The client runs these.
  function: own,
  custom: own,
  apply_patch: own,
  computer_use: { standard: true, types: ['computer', 'computer_use', 'computer_use_preview'] },
  local_shell: own,
  // Groups of tools; each tool in them is checked.
  namespace: own,
  tool_search: own,
  // The resource runs these on its own data.
  code_interpreter: own,
  file_search: own,
  image_generation: own,
  // These run in containers, which have no network unless container_network is allowed.
  shell: own,
  // These reach servers, indexes and agents outside of the resource, with its identity or with a credential from the
  // caller.
  a2a: { standard: false, types: ['a2a', 'a2a_preview'] },
  azure_ai_search: outside,
  azure_function: outside,
  bing_custom_search: { standard: false, types: ['bing_custom_search', 'bing_custom_search_preview'] },
  bing_grounding: outside,
  browser_automation: { standard: false, types: ['browser_automation', 'browser_automation_preview'] },
  connected_agent: outside,
  container_network: { standard: false, types: [] },
  deep_research: outside,
  fabric_dataagent: { standard: false, types: ['fabric_dataagent', 'fabric_dataagent_preview'] },
  mcp: outside,
  memory_search: { standard: false, types: ['memory_search', 'memory_search_preview'] },
  openapi: outside,
  sharepoint_grounding: { standard: false, types: ['sharepoint_grounding', 'sharepoint_grounding_preview'] },
  web_search: { standard: false, types: ['web_search', 'web_search_preview'] },
} as const satisfies Record<string, ToolFacts>

export type ToolName = keyof typeof tools

export const toolNames = Object.keys(tools) as readonly ToolName[]
export const standardTools: readonly ToolName[] = toolNames.filter(name => tools[name].standard)

const byType: ReadonlyMap<string, ToolName> = new Map(
  (Object.entries(tools) as [ToolName, ToolFacts][]).flatMap(([name, { types = [name] }]) =>
    types.map((type): [string, ToolName] => [type, name]),
  ),
)

/** Name of a tool by its `type`; null for an unknown one. */
export function toolOfType(type: string): ToolName | null {
  return byType.get(type) ?? byType.get(type.replace(/_\d{4}_\d{2}_\d{2}$/, '')) ?? null
}
