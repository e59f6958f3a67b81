//go:build ignore

// Prints the tree that sops sees in each of many YAML documents, for test/vectors/yaml-trees.json.
//
// Build it in a module of its own that requires sops, then run it from this repository's root:
//
//	cp test/vectors/make/yaml-trees.go "$DIR/main.go" && cd "$DIR" && sed -i /go:build/d main.go
//	go mod init oracle && go get github.com/getsops/sops/v3@v3.13.3 && go mod tidy && go build -o yaml-trees .
//	node test/run.mjs test/vectors/make/yaml-documents.ts 400 5 | "$DIR/yaml-trees" > test/vectors/yaml-trees.json
//
// Input: one JSON string for each document, a line each. Output: a JSON array with one {text, documents} or
// {text, error: true} for each of them; with -lines, one object on each line. A tree is spelled as nested arrays:
// ["map", entry…] with ["key", name, value] and comments as entries, ["list", value…], ["comment", text, inline],
// and scalars as [type, text].
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/getsops/sops/v3"
	"github.com/getsops/sops/v3/config"
	"github.com/getsops/sops/v3/stores/yaml"
)

type answer struct {
	Text      string `json:"text"`
	Documents []any  `json:"documents,omitempty"`
	Error     bool   `json:"error,omitempty"`
	NotString bool   `json:"notString,omitempty"`
}

func main() {
	lines := len(os.Args) > 1 && os.Args[1] == "-lines"
	in := bufio.NewReader(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for count := 0; ; count++ {
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			break
		}
		var text string
		if err := json.Unmarshal(line, &text); err != nil {
			panic(err)
		}
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		if !lines {
			fmt.Fprint(out, map[bool]string{true: "[", false: ","}[count == 0])
		}
		encoder.Encode(load(text))
	}
	if !lines {
		fmt.Fprintln(out, "]")
	}
}

func load(text string) (result answer) {
	defer func() {
		if recover() != nil {
			result = answer{Text: text, Error: true}
		}
	}()
	store := yaml.NewStore(&config.YAMLStoreConfig{})
	branches, err := store.LoadPlainFile([]byte(text))
	if err != nil {
		return answer{Text: text, Error: true}
	}
	result = answer{Text: text, Documents: []any{}}
	for _, branch := range branches {
		result.Documents = append(result.Documents, spell(branch, &result.NotString))
	}
	return result
}

func spell(value any, notString *bool) any {
	switch value := value.(type) {
	case sops.TreeBranch:
		entries := []any{"map"}
		for _, item := range value {
			switch key := item.Key.(type) {
			case sops.Comment:
				entries = append(entries, spell(key, notString))
			case string:
				entries = append(entries, []any{"key", key, spell(item.Value, notString)})
			default:
				*notString = true
			}
		}
		return entries
	case []any:
		items := []any{"list"}
		for _, item := range value {
			items = append(items, spell(item, notString))
		}
		return items
	case sops.Comment:
		return []any{"comment", value.Value, value.Inline}
	case nil:
		return []any{"null", ""}
	case string:
		if !utf8.ValidString(value) {
			return []any{"bytes", base64.StdEncoding.EncodeToString([]byte(value))}
		}
		return []any{"str", value}
	case int:
		return []any{"int", strconv.Itoa(value)}
	case uint64:
		return []any{"uint64", strconv.FormatUint(value, 10)}
	case float64:
		return []any{"float", strconv.FormatFloat(value, 'g', -1, 64)}
	case bool:
		return []any{"bool", strconv.FormatBool(value)}
	case time.Time:
		return []any{"time", value.Format(time.RFC3339Nano)}
	default:
		panic(fmt.Sprintf("%T", value))
	}
}
