// What a new file starts with in the editor.

const templates = new Map([
  [
    'yaml',
    `greeting: Replace these lines with your own, then save.
# Comments are encrypted, too.
database:
    user: app
    password: change-me
hosts:
    - db1.example.com
    - db2.example.com
port: 5432
ratio: 0.25
tls: true
`,
  ],
  [
    'json',
    `{
\t"greeting": "Replace these lines with your own, then save.",
\t"database": {
\t\t"user": "app",
\t\t"password": "change-me"
\t},
\t"hosts": [
\t\t"db1.example.com",
\t\t"db2.example.com"
\t],
\t"port": 5432,
\t"ratio": 0.25,
\t"tls": true
}
`,
  ],
  [
    'dotenv',
    `# Replace these lines with your own, then save. Comments are encrypted, too.
GREETING=hello
PASSWORD=change-me
TWO_LINES=first\\nsecond
`,
  ],
  [
    'ini',
    `[database]
; Replace these lines with your own, then save. Comments are encrypted, too.
user     = app
password = change-me
`,
  ],
  ['binary', 'Replace this text with your own, then save.\n'],
])

/** The plain text of an example in a format. */
export function templateOf(format: string): Uint8Array {
  return Buffer.from(templates.get(format) ?? '')
}
