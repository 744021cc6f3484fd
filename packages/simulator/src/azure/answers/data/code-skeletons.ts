import type { CodeLanguage } from './code-row.ts'

/** A program's frame in each language: input, refusal of what is empty, the rule in a function of its own. */
export const skeletons: Readonly<Record<CodeLanguage, string>> = {
  typescript: `import { readFile } from 'node:fs/promises'

export function transform(line: string): string {
  return line.trim() // the rule goes here
}

const [path] = process.argv.slice(2)
if (!path) throw new Error('Usage: node program.ts FILE')
const lines = (await readFile(path, 'utf8')).split('\\n').filter(line => line.trim() !== '')
if (lines.length === 0) throw new Error(\`\${path} is empty\`)
for (const line of lines) console.log(transform(line))`,
  javascript: `import { readFile } from 'node:fs/promises'

export function transform(line) {
  return line.trim() // the rule goes here
}

const [path] = process.argv.slice(2)
if (!path) throw new Error('Usage: node program.js FILE')
const lines = (await readFile(path, 'utf8')).split('\\n').filter(line => line.trim() !== '')
if (lines.length === 0) throw new Error(\`\${path} is empty\`)
for (const line of lines) console.log(transform(line))`,
  python: `import sys


def transform(line: str) -> str:
    return line.strip()  # the rule goes here


def main(path: str) -> None:
    with open(path, encoding="utf-8") as file:
        lines = [line for line in file if line.strip()]
    if not lines:
        sys.exit(f"{path} is empty")
    for line in lines:
        print(transform(line))


if __name__ == "__main__":
    main(sys.argv[1])`,
  csharp: `static string Transform(string line) => line.Trim(); // the rule goes here

if (args is not [var path]) { Console.Error.WriteLine("Usage: program FILE"); return 2; }
var lines = File.ReadLines(path).Where(line => line.Trim() != "").ToList();
if (lines.Count == 0) { Console.Error.WriteLine($"{path} is empty"); return 1; }
foreach (var line in lines) Console.WriteLine(Transform(line));
return 0;`,
  go: `func transform(line string) string {
	return strings.TrimSpace(line) // the rule goes here
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: program FILE")
	}
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		fmt.Println(transform(line))
	}
}`,
  sql: `SELECT t.id, t.name, count(d.id) AS details
FROM things AS t
LEFT JOIN details AS d ON d.thing_id = t.id
WHERE t.created_at >= current_date - INTERVAL '30 days'
GROUP BY t.id, t.name
ORDER BY details DESC;`,
}
