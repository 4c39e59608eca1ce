import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.SdkField;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.core.protocol.MarshallingType;
import software.amazon.awssdk.core.traits.ListTrait;
import software.amazon.awssdk.core.traits.MapTrait;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;
import software.amazon.awssdk.services.eks.EksClient;
import software.amazon.awssdk.services.iam.IamClient;
import software.amazon.awssdk.services.sts.StsClient;
import software.amazon.awssdk.utils.builder.Buildable;

/** Calls AWS as a program of its own would: default chain, nothing configured but the environment. */
public final class Driver {
  public static void main(String[] args) throws Exception {
    Map<String, Object> clients = Map.of("sts", StsClient.builder().build(), "iam", IamClient.builder().build(), "eks",
        EksClient.builder().build());
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      Map<String, JsonNode> asked = JsonNode.parser().parse(line).asObject();
      out.println(json(call(clients.get(asked.get("service").asString()), asked)));
    }
  }

  private static Map<String, Object> call(Object client, Map<String, JsonNode> asked) throws Exception {
    String operation = asked.get("operation").asString();
    String name = Character.toLowerCase(operation.charAt(0)) + operation.substring(1);
    for (Method method : client.getClass().getMethods()) {
      Class<?>[] types = method.getParameterTypes();
      if (!method.getName().equals(name) || types.length != 1 || !SdkPojo.class.isAssignableFrom(types[0])) continue;
      Object builder = types[0].getMethod("builder").invoke(null);
      fill((SdkPojo) builder, asked.get("input"));
      method.setAccessible(true);
      try {
        return Map.of("ok", true, "output", plain(method.invoke(client, ((Buildable) builder).build())));
      } catch (InvocationTargetException thrown) {
        return refusal(thrown.getCause());
      }
    }
    throw new IllegalArgumentException(operation);
  }

  private static Map<String, Object> refusal(Throwable thrown) {
    if (thrown instanceof AwsServiceException told)
      return Map.of("ok", false, "code", told.awsErrorDetails().errorCode(), "status", told.statusCode(), "message",
          told.awsErrorDetails().errorMessage());
    return Map.of("ok", false, "code", thrown.getClass().getSimpleName(), "message", String.valueOf(thrown.getMessage()));
  }

  private static void fill(SdkPojo builder, JsonNode input) {
    for (SdkField<?> field : builder.sdkFields())
      input.asObject().forEach((key, value) -> {
        if (key.equalsIgnoreCase(field.memberName())) field.set(builder, read(field, value));
      });
  }

  private static Object read(SdkField<?> field, JsonNode value) {
    MarshallingType<?> type = field.marshallingType();
    if (type == MarshallingType.LIST) {
      SdkField<?> member = field.getTrait(ListTrait.class).memberFieldInfo();
      List<Object> list = new ArrayList<>();
      for (JsonNode one : value.asArray()) list.add(read(member, one));
      return list;
    }
    if (type == MarshallingType.MAP) {
      SdkField<?> member = field.getTrait(MapTrait.class).valueFieldInfo();
      Map<String, Object> map = new LinkedHashMap<>();
      value.asObject().forEach((key, one) -> map.put(key, read(member, one)));
      return map;
    }
    if (type == MarshallingType.SDK_POJO) {
      SdkPojo builder = field.constructor().get();
      fill(builder, value);
      return ((Buildable) builder).build();
    }
    if (type == MarshallingType.INTEGER) return Integer.valueOf(value.asNumber());
    if (type == MarshallingType.BOOLEAN) return value.asBoolean();
    return value.asString();
  }

  private static Object plain(Object value) {
    if (value instanceof SdkPojo pojo) {
      Map<String, Object> map = new LinkedHashMap<>();
      for (SdkField<?> field : pojo.sdkFields()) {
        Object one = field.getValueOrDefault(pojo);
        if (one != null) map.put(field.memberName(), plain(one));
      }
      return map;
    }
    if (value instanceof List<?> list) return list.stream().map(Driver::plain).toList();
    if (value instanceof Map<?, ?> map) {
      Map<String, Object> copy = new LinkedHashMap<>();
      map.forEach((key, one) -> copy.put(String.valueOf(key), plain(one)));
      return copy;
    }
    return value;
  }

  private static String json(Object value) {
    if (value instanceof Map<?, ?> map) {
      List<String> members = new ArrayList<>();
      map.forEach((key, one) -> members.add(json(String.valueOf(key)) + ":" + json(one)));
      return "{" + String.join(",", members) + "}";
    }
    if (value instanceof List<?> list) return "[" + String.join(",", list.stream().map(Driver::json).toList()) + "]";
    if (value instanceof Number || value instanceof Boolean) return value.toString();
    StringBuilder text = new StringBuilder("\"");
    for (char unit : String.valueOf(value).toCharArray())
      text.append(unit < 0x20 || unit == '"' || unit == '\\' ? String.format("\\u%04x", (int) unit) : String.valueOf(unit));
    return text.append('"').toString();
  }
}
