// Which key opens on which side, counted from a run of the interop tests, as the README's table.
// npx vitest run --config test/vitest.config.ts --project interop --reporter=json --outputFile=REPORT.json
// node test/run.mjs test/interop/table.ts REPORT.json [--write]

import { readFileSync, writeFileSync } from 'node:fs'

interface Row {
  readonly key: string
  readonly server: string
  readonly file: string
  /** Of full titles; a test of both directions is matched by both. */
  readonly oursBySops: RegExp
  readonly theirsByUs: RegExp
}

interface Result {
  readonly file: string
  readonly title: string
  readonly passed: boolean
}

const ownServer = (name: string): string => `[${name}](test/fakes/${name}.ts)`

const rows: readonly Row[] = [
  {
    key: 'age (`age`): X25519',
    server: '',
    file: 'corpus',
    oursBySops: /^sops opens what we encrypt > /,
    theirsByUs: /^we open what sops encrypts > /,
  },
  {
    key: 'age: SSH keys, plug-ins, identity files with a passphrase',
    server: '',
    file: 'age',
    oursBySops: /our file is opened by sops|> pq: |> batchpass: /,
    theirsByUs: /opened by us|that of sops by us|opens the file of sops|> pq: /,
  },
  {
    key: 'PGP (`pgp`)',
    server: 'gpg, and in process',
    file: 'pgp',
    oursBySops:
      /what we wrap|^subkeys > a !|each opens alone|both are wanted|^a message with GnuPG's own|wrap as in sops/,
    theirsByUs: /what sops wraps|with an old keyring|^subkeys > |each opens alone|open in process and by gpg/,
  },
  {
    key: 'AWS KMS (`kms`)',
    server: '[moto](https://github.com/getmoto/moto)',
    file: 'kms',
    oursBySops: /^AWS KMS, moto > ours, opened by sops > /,
    theirsByUs: /^AWS KMS, moto > sops', opened by us > /,
  },
  {
    key: 'AWS KMS (`kms`)',
    server: ownServer('aws-kms'),
    file: 'kms',
    oursBySops: /^AWS KMS, the fake > ours, opened by sops > /,
    theirsByUs: /^AWS KMS, the fake > sops', opened by us > /,
  },
  {
    key: 'GCP KMS (`gcp_kms`), gRPC and REST',
    server: ownServer('gcp-kms'),
    file: 'gcp-kms',
    oursBySops: /> sops opens ours$/,
    theirsByUs: /> ours opens that of sops/,
  },
  {
    key: 'HuaweiCloud KMS (`hckms`)',
    server: ownServer('hckms'),
    file: 'hckms',
    oursBySops: /^ours, opened by sops > /,
    theirsByUs: /^sops', opened by us > /,
  },
  {
    key: 'Azure Key Vault (`azure_kv`)',
    server: ownServer('azure-kv'),
    file: 'azure-kv',
    oursBySops: /> sops opens ours$|^key groups of a configuration|^a rotated key/,
    theirsByUs: /> ours opens that of sops|^key groups of a configuration/,
  },
  {
    key: 'Vault and OpenBao transit (`hc_vault`)',
    server: ownServer('vault'),
    file: 'hc-vault',
    oursBySops: /^tsops encrypts, sops decrypts > /,
    theirsByUs: /^sops encrypts, tsops decrypts > /,
  },
  {
    key: 'key groups, two of three',
    server: '',
    file: 'metadata',
    oursBySops: /^key groups > ours opens in sops/,
    theirsByUs: /^key groups > theirs opens here/,
  },
  {
    key: 'key service, TCP and Unix socket',
    server: '`sops keyservice`',
    file: 'key-service',
    oursBySops: /^the key service of sops > .*asked by tsops$/,
    theirsByUs: /^the key service of sops > .*asked by sops$/,
  },
  {
    key: 'key service, TCP and Unix socket',
    server: '`tsops keyservice`',
    file: 'key-service',
    oursBySops: /^the key service of tsops > .*asked by tsops$/,
    theirsByUs: /^the key service of tsops > .*asked by sops$/,
  },
]

const readme = 'README.md'
const [start, end] = ['<!-- interop -->', '<!-- /interop -->']

const [report = '', option] = process.argv.slice(2)
if (report === '' || (option !== undefined && option !== '--write')) throw new Error('REPORT.json [--write]')
const results = readReport(JSON.parse(readFileSync(report, 'utf8')) as VitestReport)
const table = [
  'Tests that passed, each with the real sops 3.13.3 and ours on the same files and the same server:',
  '',
  '| key | server | our file opened by sops | sops’ file opened by us |',
  '|---|---|--:|--:|',
  ...rows.map((row) => `| ${[row.key, row.server, ...counts(row)].join(' | ')} |`),
].join('\n')
if (option === undefined) console.log(table)
else write(table)

interface VitestReport {
  readonly testResults: readonly {
    readonly name: string
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[]
      readonly title: string
      readonly status: string
    }[]
  }[]
}

function readReport({ testResults }: VitestReport): readonly Result[] {
  return testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ ancestorTitles, title, status }) => ({
      file: name.slice(name.lastIndexOf('/') + 1, -'.test.ts'.length),
      title: [...ancestorTitles, title].join(' > '),
      passed: status === 'passed',
    })),
  )
}

function counts(row: Row): readonly string[] {
  return [row.oursBySops, row.theirsByUs].map((pattern) => {
    const found = results.filter(({ file, title }) => file === row.file && pattern.test(title))
    // A title that changed must not become a row that looks untested.
    if (found.length === 0) throw new Error(`${row.key}: no test of ${row.file} is ${pattern.source}`)
    const passed = found.filter((each) => each.passed).length
    return passed === found.length ? `${passed}` : `${passed} of ${found.length}`
  })
}

function write(text: string): void {
  const before = readFileSync(readme, 'utf8')
  const [from, to] = [before.indexOf(start), before.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${readme} lacks ${start} and ${end}`)
  writeFileSync(readme, `${before.slice(0, from + start.length)}\n\n${text}\n\n${before.slice(to)}`)
}
