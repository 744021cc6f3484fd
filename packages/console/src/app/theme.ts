import { createTheme, type MantineColorsTuple } from '@mantine/core'

/** The one accent colour. */
const accent: MantineColorsTuple = [
  '#e6f5f9',
  '#cde7ef',
  '#9dcfdf',
  '#68b5ce',
  '#3f9fc0',
  '#2792b6',
  '#0f7fa3',
  '#0b6e8a',
  '#085e76',
  '#044c61',
]

export const theme = createTheme({
  primaryColor: 'accent',
  primaryShade: { light: 7, dark: 7 },
  colors: { accent },
  fontFamily: 'Inter, "Segoe UI", system-ui, -apple-system, Roboto, "Helvetica Neue", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.25rem' },
  defaultRadius: 'sm',
  cursorType: 'pointer',
  respectReducedMotion: true,
})
