// Calls AWS through the SDK that controllers of before 2025 are built with: default chain, and of the environment what that SDK reads. It knows no
// variable for endpoints, so they are resolved here, as such controllers do, and none for attempts: one, so that every refusal is seen as it comes.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strings"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/awserr"
	"github.com/aws/aws-sdk-go/aws/endpoints"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/eks"
	"github.com/aws/aws-sdk-go/service/iam"
	"github.com/aws/aws-sdk-go/service/sts"
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
	resolve := func(service, region string, options ...func(*endpoints.Options)) (endpoints.ResolvedEndpoint, error) {
		for _, name := range []string{"AWS_ENDPOINT_URL_" + strings.ToUpper(service), "AWS_ENDPOINT_URL"} {
			if url := os.Getenv(name); url != "" {
				return endpoints.ResolvedEndpoint{URL: url, SigningRegion: region}, nil
			}
		}
		return endpoints.DefaultResolver().EndpointFor(service, region, options...)
	}
	own := session.Must(session.NewSession(&aws.Config{EndpointResolver: endpoints.ResolverFunc(resolve), MaxRetries: aws.Int(0)}))
	clients := map[string]any{"sts": sts.New(own), "iam": iam.New(own), "eks": eks.New(own)}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked request
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			panic(err)
		}
		if err := out.Encode(call(clients[asked.Service], asked)); err != nil {
			panic(err)
		}
	}
}

func call(client any, asked request) answer {
	method := reflect.ValueOf(client).MethodByName(asked.Operation)
	input := reflect.New(method.Type().In(0).Elem())
	if err := json.Unmarshal(asked.Input, input.Interface()); err != nil {
		return answer{Code: "BadInput", Message: err.Error()}
	}
	results := method.Call([]reflect.Value{input})
	if err, failed := results[1].Interface().(error); failed {
		return refusal(err)
	}
	return answer{Ok: true, Output: results[0].Interface()}
}

func refusal(err error) answer {
	told := answer{Code: "unknown", Message: err.Error()}
	var api awserr.Error
	if errors.As(err, &api) {
		told.Code, told.Message = api.Code(), api.Message()
	}
	var http awserr.RequestFailure
	if errors.As(err, &http) {
		told.Status = http.StatusCode()
	}
	return told
}
