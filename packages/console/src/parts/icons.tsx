/** Icons: strokes on a grid of 16, in the colour of the text beside them. */

const strokes = {
  overview: 'M2 13h12M4 13V8M8 13V3M12 13V6',
  records: 'M2 3.5h12M2 8h12M2 12.5h12',
  workloads: 'M2 4.5 8 2l6 2.5L8 7zM2 8l6 2.5L14 8M2 11.5 8 14l6-2.5',
  instances: 'M2 3h12v4H2zM2 9h12v4H2zM5 5h.01M5 11h.01',
  limits: 'M2.5 12a6 6 0 1 1 11 0M8 9l3-3',
  cost: 'M8 1.5v13M11.5 4.5h-5a2 2 0 0 0 0 4h3a2 2 0 0 1 0 4h-5.5',
  me: 'M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2.5 14a5.5 5.5 0 0 1 11 0',
  playground: 'M2 3h12v8H7l-3 3v-3H2z',
  query: 'M2 4c0-1 2.7-2 6-2s6 1 6 2-2.7 2-6 2-6-1-6-2zM2 4v8c0 1 2.7 2 6 2s6-1 6-2V4M2 8c0 1 2.7 2 6 2s6-1 6-2',
  explain: 'M3 2v12M3 5h6v3h4M9 8v4H7',
  configuration: 'M2 4h7M13 4h1M2 12h1M7 12h7M9 2.5v3M5 10.5v3',
  feeds: 'M3 13a10 10 0 0 1 0-.01M3 8a5 5 0 0 1 5 5M3 3a10 10 0 0 1 10 10M3 13h.01',
  audit: 'M4 2h8v12H4zM6.5 5.5h3M6.5 8h3M6.5 10.5h3',
  people:
    'M6 8a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM1.5 13a4.5 4.5 0 0 1 9 0M11 3.5a2.2 2.2 0 0 1 0 4.3M12 9.5a4 4 0 0 1 2.5 3.5',
  about: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 7.5V11M8 5h.01',
  search: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.7 10.7 14 14',
  refresh: 'M13.5 8A5.5 5.5 0 1 1 11.5 3.8M13.5 2v3h-3',
  copy: 'M5.5 5.5h8v8h-8zM3 10.5H2.5v-8h8V3',
  warning: 'M8 2 14.5 13.5h-13zM8 6.5v3M8 11.5h.01',
  lock: 'M3.5 7.5h9v6h-9zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5',
  close: 'M4 4l8 8M12 4l-8 8',
  check: 'M3 8.5 6.5 12 13 4.5',
  unknown: 'M5.5 6a2.5 2.5 0 1 1 3.6 2.2C8.4 8.6 8 9 8 10M8 12.8h.01',
  down: 'M4 6l4 4 4-4',
  right: 'M6 4l4 4-4 4',
  left: 'M10 4 6 8l4 4',
  live: 'M8 9a1 1 0 1 0 0-2 1 1 0 0 0 0 2zM4.8 11.2a4.5 4.5 0 0 1 0-6.4M11.2 4.8a4.5 4.5 0 0 1 0 6.4',
  table: 'M2 3h12v10H2zM2 6.5h12M7 3v10',
  chart: 'M2 2v12h12M4.5 10l3-4 2.5 2.5L13.5 4',
  columns: 'M2 3h3.3v10H2zM6.4 3h3.2v10H6.4zM10.7 3H14v10h-3.3z',
  download: 'M8 2v8M4.5 7 8 10.5 11.5 7M2.5 13.5h11',
  image: 'M2 3h12v10H2zM2 11l3.5-3.5L9 11l2-2 3 3M10.5 6h.01',
  tool: 'M13.5 4.5l-3 3-2-2 3-3a3.5 3.5 0 0 0-4.4 4.4L2.5 11.5l2 2 4.6-4.6a3.5 3.5 0 0 0 4.4-4.4z',
} as const

export type IconName = keyof typeof strokes

interface IconProps {
  readonly name: IconName
  /** Edge in px; default 16. */
  readonly size?: number
}

/** Never alone: a text beside it, or a label of its button, says the same. */
export function Icon({ name, size = 16 }: IconProps) {
  return (
    <svg
      aria-hidden="true"
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.4"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      <path d={strokes[name]} />
    </svg>
  )
}
