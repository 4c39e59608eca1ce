// Calls AWS as a program of its own would: default chain, nothing configured but the environment.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"os"
	"reflect"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

type request struct {
	Service   string
	Operation string
	Input     json.RawMessage
}

type answer struct {
	Ok      bool   `json:"ok"`
	Output  any    `json:"output,omitempty"`
	Code    string `json:"code,omitempty"`
	Status  int    `json:"status,omitempty"`
	Message string `json:"message,omitempty"`
}

func main() {
	ctx := context.Background()
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		panic(err)
	}
	clients := map[string]any{"sts": sts.NewFromConfig(cfg), "iam": iam.NewFromConfig(cfg), "eks": eks.NewFromConfig(cfg)}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked request
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			panic(err)
		}
		if err := out.Encode(call(ctx, clients[asked.Service], asked)); err != nil {
			panic(err)
		}
	}
}

func call(ctx context.Context, client any, asked request) answer {
	method := reflect.ValueOf(client).MethodByName(asked.Operation)
	input := reflect.New(method.Type().In(1).Elem())
	if err := json.Unmarshal(asked.Input, input.Interface()); err != nil {
		return answer{Code: "BadInput", Message: err.Error()}
	}
	results := method.Call([]reflect.Value{reflect.ValueOf(ctx), input})
	if err, failed := results[1].Interface().(error); failed {
		return refusal(err)
	}
	return answer{Ok: true, Output: results[0].Interface()}
}

func refusal(err error) answer {
	told := answer{Code: "unknown", Message: err.Error()}
	var api smithy.APIError
	if errors.As(err, &api) {
		told.Code, told.Message = api.ErrorCode(), api.ErrorMessage()
	}
	var http *awshttp.ResponseError
	if errors.As(err, &http) {
		told.Status = http.HTTPStatusCode()
	}
	return told
}
