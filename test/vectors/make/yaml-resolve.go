//go:build ignore

// Prints the type and value that go-yaml gives to many scalars, for test/vectors/yaml-resolve.json.
//
// Run it in a module of its own that requires go.yaml.in/yaml/v3 v3.0.4 (go mod init, go get), from this repository's
// root:
//
//	node test/run.mjs test/vectors/make/yaml-values.ts resolve 900 | go run yaml-resolve.go > test/vectors/yaml-resolve.json
//
// Input: one {text, plain, tag} on each line. Output: a JSON array of the same objects, each with type and value, or
// with the type "error".
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strconv"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

type question struct {
	Text  string `json:"text"`
	Plain bool   `json:"plain"`
	Tag   string `json:"tag"`
	Type  string `json:"type"`
	Value string `json:"value"`
}

// The node that go-yaml's parser would build.
func node(asked question) *yaml.Node {
	made := &yaml.Node{Kind: yaml.ScalarNode, Value: asked.Text}
	switch {
	case asked.Tag != "" && asked.Tag != "!":
		made.Tag = asked.Tag
		made.Tag = made.ShortTag()
		made.Style = yaml.TaggedStyle
	case !asked.Plain:
		made.Tag = "!!str"
	case asked.Text == "<<":
		made.Tag = "!!merge"
	default:
		made.Tag = made.ShortTag()
	}
	if !asked.Plain {
		made.Style |= yaml.DoubleQuotedStyle
	}
	return made
}

func spell(value interface{}) (string, string) {
	switch value := value.(type) {
	case nil:
		return "null", ""
	case string:
		if !utf8.ValidString(value) {
			return "bytes", base64.StdEncoding.EncodeToString([]byte(value))
		}
		return "str", value
	case float64:
		switch {
		case math.IsInf(value, 1):
			return "float", "Infinity"
		case math.IsInf(value, -1):
			return "float", "-Infinity"
		}
		return "float", strconv.FormatFloat(value, 'e', -1, 64)
	case bool:
		return "bool", strconv.FormatBool(value)
	case time.Time:
		return "time", value.Format(time.RFC3339Nano)
	}
	return "int", fmt.Sprint(value)
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
		var value interface{}
		if err := node(asked).Decode(&value); err != nil {
			asked.Type = "error"
		} else {
			asked.Type, asked.Value = spell(value)
		}
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
