"""Calls AWS as a program of its own would: default chain, nothing configured but the environment."""

import json
import sys

import boto3
from botocore import xform_name
from botocore.exceptions import ClientError

clients = {name: boto3.client(name) for name in ("sts", "iam", "eks")}


def call(service, operation, input):
    try:
        output = getattr(clients[service], xform_name(operation))(**input)
    except ClientError as error:
        told = error.response["Error"]
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return {"ok": False, "code": told["Code"], "status": status, "message": told["Message"]}
    except Exception as error:
        return {"ok": False, "code": type(error).__name__, "message": str(error)}
    del output["ResponseMetadata"]
    return {"ok": True, "output": output}


for line in sys.stdin:
    print(json.dumps(call(**json.loads(line)), default=str), flush=True)
