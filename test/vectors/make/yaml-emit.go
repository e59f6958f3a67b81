//go:build ignore

// Prints what sops' YAML store makes of many trees, for test/vectors/yaml-emit.json.
//
// Run it in a module of its own that requires github.com/getsops/sops/v3 v3.13.3 (go mod init, go get), from this
// repository's root:
//
//	node test/run.mjs test/vectors/make/yaml-values.ts emit 250 | go run yaml-emit.go > test/vectors/yaml-emit.json
//
// Input: one {documents, indent} on each line; the trees are spelled as test/stores/yaml/spelled-tree.ts reads them.
// Output: a JSON array of the same objects, each with the text.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"strconv"
	"time"

	"github.com/getsops/sops/v3"
	"github.com/getsops/sops/v3/config"
	"github.com/getsops/sops/v3/stores/yaml"
)

type question struct {
	Documents []json.RawMessage `json:"documents"`
	Indent    int               `json:"indent"`
	Text      string            `json:"text"`
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func unpack(raw json.RawMessage) (string, []json.RawMessage) {
	var parts []json.RawMessage
	if err := json.Unmarshal(raw, &parts); err != nil {
		panic(err)
	}
	return text(parts[0]), parts[1:]
}

func text(raw json.RawMessage) string {
	var value string
	if err := json.Unmarshal(raw, &value); err != nil {
		panic(err)
	}
	return value
}

func comment(parts []json.RawMessage) sops.Comment {
	return sops.Comment{Value: text(parts[0]), Inline: string(parts[1]) == "true"}
}

func branch(entries []json.RawMessage) sops.TreeBranch {
	result := sops.TreeBranch{}
	for _, entry := range entries {
		kind, parts := unpack(entry)
		if kind == "comment" {
			result = append(result, sops.TreeItem{Key: comment(parts)})
		} else {
			result = append(result, sops.TreeItem{Key: text(parts[0]), Value: value(parts[1])})
		}
	}
	return result
}

func value(raw json.RawMessage) interface{} {
	kind, parts := unpack(raw)
	switch kind {
	case "map":
		return branch(parts)
	case "list":
		list := []interface{}{}
		for _, part := range parts {
			list = append(list, value(part))
		}
		return list
	case "comment":
		return comment(parts)
	}
	return scalar(kind, text(parts[0]))
}

func scalar(kind string, text string) interface{} {
	switch kind {
	case "int":
		if number, err := strconv.Atoi(text); err == nil {
			return number
		}
		return must(strconv.ParseUint(text, 10, 64))
	case "float":
		return must(strconv.ParseFloat(text, 64))
	case "bool":
		return text == "true"
	case "time":
		return must(time.Parse(time.RFC3339Nano, text))
	case "bytes":
		return string(must(base64.StdEncoding.DecodeString(text)))
	case "null":
		return nil
	}
	return text
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<26)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	separator := "[\n"
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			panic(err)
		}
		trees := sops.TreeBranches{}
		for _, document := range asked.Documents {
			_, entries := unpack(document)
			trees = append(trees, branch(entries))
		}
		store := yaml.NewStore(&config.YAMLStoreConfig{Indent: asked.Indent})
		asked.Text = string(must(store.EmitPlainFile(trees)))
		var line bytes.Buffer
		encoder := json.NewEncoder(&line)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(asked); err != nil {
			panic(err)
		}
		out.WriteString(separator + string(bytes.TrimSpace(line.Bytes())))
		separator = ",\n"
	}
	out.WriteString("\n]\n")
}
