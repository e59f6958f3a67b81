// The files that each command line finds in its directory.

export interface FileRecipe {
  /** The plain file. */
  readonly of: string
  /** Those of `sops encrypt`; default: the key of alice. */
  readonly flags?: readonly string[]
  /** The configuration that gives the keys, instead of flags. */
  readonly config?: string
}

const rule = (path: string, ...more: readonly string[]): string =>
  `creation_rules:\n  - path_regex: ${path}\n${more.map((line) => `    ${line}\n`).join('')}`

/** An editor is run with the name of the file to edit. */
const editor = (...lines: readonly string[]): string => `#!/bin/sh\n${lines.map((line) => `${line}\n`).join('')}`

export const plainFiles: Readonly<Record<string, string>> = {
  'p.yaml': 'a: 1\nb: s\nc:\n    - x\n    - "y": 2\n',
  'p.json': '{\n\t"a": 1,\n\t"b": "s"\n}\n',
  'p.env': 'A=1\nB=s\n',
  'p.ini': '[s]\na = 1\n',
  'p.txt': 'some text\n',
  'types.yaml': 't: true\nf: 1.5\nn: null\nd: 2024-01-02\ne: ""\nm: |\n    one\n    two\n',
  'multi.yaml': 'a: 1\n---\nb: 2\n',
  'map.yaml': 'a:\n    b: 1\n    c:\n        d: x\n',
  'equals.yaml': 'a=b: 1\n',
  'comments.yaml': '# above\na: 1\n# between\nb: 2\n',
  'nested.json': '{\n\t"a": {\n\t\t"b": 1\n\t},\n\t"l": [\n\t\t1,\n\t\t2\n\t]\n}\n',
  'bad.yaml': 'a: [\n',
  'bad.json': '{"a": x}\n',
  'bad.env': 'nothing\n',
  'huge.yaml': 'a: 18446744073709551615\n',
  'empty.yaml': '',
  'value.json': '{"x": [1, "y"]}',
  'value.txt': 'text',
  'dir/plain.txt': 'left alone\n',
  // Configurations
  'rules.yaml': `${rule('\\.yaml$', 'age: $ALICE')}  - path_regex: \\.txt$\n    age: $ALICE\n`,
  'all.yaml': 'creation_rules:\n  - age: $ALICE\n',
  'bob-rule.yaml': 'creation_rules:\n  - age: $BOB\n',
  'both-rule.yaml': 'creation_rules:\n  - age: $ALICE,$BOB\n',
  'norule.yaml': rule('nope', 'age: $ALICE'),
  'nokeys.yaml': rule('p'),
  'suffix.yaml': 'creation_rules:\n  - encrypted_suffix: b\n    age: $ALICE\n',
  'two.yaml': 'creation_rules:\n  - encrypted_suffix: b\n    encrypted_regex: b\n    age: $ALICE\n',
  'groups-rule.yaml': 'creation_rules:\n  - key_groups: [{age: [$ALICE]}, {pgp: [$PGP]}]\n',
  'three-rule.yaml':
    'creation_rules:\n  - key_groups: [{age: [$ALICE]}, {pgp: [$PGP]}, {age: [$BOB]}]\n    shamir_threshold: 2\n',
  'far-rule.yaml': 'creation_rules:\n  - key_groups: [{age: [$ALICE]}, {age: [$BOB]}]\n',
  'badkey-rule.yaml': 'creation_rules:\n  - age: nonsense\n',
  'broken.yaml': ': [',
  'regex.yaml': "creation_rules:\n  - path_regex: '('\n    age: $ALICE\n",
  'indent.yaml': 'stores:\n  yaml:\n    indent: 2\n',
  'empty-config.yaml': '',
  'destinations.yaml': 'destination_rules:\n  - vault_path: x/\n    path_regex: nope\n',
  'vault-rule.yaml': 'destination_rules:\n  - vault_path: x/\n    vault_address: http://127.0.0.1:1\n',
  's3-rule.yaml': 'destination_rules:\n  - s3_bucket: b\n    s3_prefix: p/\n',
  'gcs-rule.yaml': 'destination_rules:\n  - gcs_bucket: b\n    gcs_prefix: p/\n',
  'two-destinations.yaml': 'destination_rules:\n  - s3_bucket: b\n    vault_path: x/\n',
  // Editors
  'ed-same': editor('true'),
  'ed-fail': editor('exit 3'),
  'ed-add': editor('echo "z: new" >>"$1"'),
  'ed-line': editor('echo "Z=new" >>"$1"'),
  'ed-write': editor('cat edited.txt >"$1"'),
  'ed-bad': editor('echo "a: [" >"$1"'),
  'ed-empty': editor(': >"$1"'),
  'ed-sops': editor('echo "sops: 1" >>"$1"'),
  'ed-remove': editor('rm "$1"'),
  'ed-show': editor('ls -l "$1" | cut -c1-10; basename "$1"; cat "$1"; exit 1'),
  'edited.txt': '{\n\t"a": 2\n}\n',
}

export const encryptedFiles: Readonly<Record<string, FileRecipe>> = {
  'e.yaml': { of: 'p.yaml' },
  'e.json': { of: 'p.json' },
  'e.env': { of: 'p.env' },
  'e.ini': { of: 'p.ini' },
  'e.txt': { of: 'p.txt' },
  'dir/e.yaml': { of: 'p.yaml' },
  'types.enc.yaml': { of: 'types.yaml' },
  'multi.enc.yaml': { of: 'multi.yaml' },
  'map.enc.yaml': { of: 'map.yaml' },
  'equals.enc.yaml': { of: 'equals.yaml' },
  'comments.enc.yaml': { of: 'comments.yaml' },
  'nested.enc.json': { of: 'nested.json' },
  'regex.enc.yaml': { of: 'p.yaml', flags: ['--age', '$ALICE', '--encrypted-regex', '^b$'] },
  'bob.yaml': { of: 'p.yaml', flags: ['--age', '$BOB'] },
  'both.yaml': { of: 'p.yaml', flags: ['--age', '$ALICE,$BOB'] },
  'pgp.yaml': { of: 'p.yaml', flags: ['--pgp', '$PGP', '--age', '$ALICE'] },
  'cloud.yaml': {
    of: 'p.yaml',
    flags: [
      ...['--age', '$ALICE', '--kms', '$ARN', '--gcp-kms', '$GCP', '--hckms', '$HUAWEI', '--azure-kv', '$AZURE'],
      ...['--hc-vault-transit', '$VAULT', '--pgp', '$PGP'],
    ],
  },
  'groups.yaml': { of: 'p.yaml', config: 'groups-rule.yaml' },
  'three.yaml': { of: 'p.yaml', config: 'three-rule.yaml' },
  // One of its two groups is out of reach.
  'far.yaml': { of: 'p.yaml', config: 'far-rule.yaml' },
}

export const changedFiles: readonly {
  readonly name: string
  readonly of: string
  readonly from: RegExp
  readonly to: string
}[] = [
  { name: 'value.yaml', of: 'e.yaml', from: /data:..../, to: 'data:AAAA' },
  { name: 'time.yaml', of: 'e.yaml', from: /lastmodified: .*/, to: 'lastmodified: "2020-01-01T00:00:00Z"' },
  { name: 'clear.yaml', of: 'e.yaml', from: /^a: .*$/m, to: 'a: 1' },
  { name: 'order.yaml', of: 'e.yaml', from: /^(a: .*\n)(b: .*\n)/, to: '$2$1' },
  { name: 'nomac.yaml', of: 'e.yaml', from: / *mac: .*\n/, to: '' },
  { name: 'noversion.yaml', of: 'e.yaml', from: / *version: .*\n/, to: '' },
  { name: 'oldversion.yaml', of: 'e.yaml', from: /version: .*/, to: 'version: 3.7.0' },
  { name: 'badversion.yaml', of: 'e.yaml', from: /version: .*/, to: 'version: nonsense' },
  { name: 'broken.enc.yaml', of: 'e.yaml', from: /^b: .*$/m, to: 'b: [' },
]
