// A gate that asks a Hufu verifier about each scan, with the Java platform alone (17 or newer).
//
//     java examples/Gate.java ws://127.0.0.1:8080 [PURPOSE]
//
// A scanner that types gives one QR text a line on standard input; for each, one line says what the gate does: `open`,
// `shut` or `ask` (a person decides), and the code. What is sent and heard is in docs/protocol.md. The token, where the
// server demands one, is in HUFU_TOKEN.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

public final class Gate implements WebSocket.Listener {
    /** Who has shown a card waits so long; then it is shown again. */
    private static final long FRESH_NANOS = 2_000_000_000L;
    /** Close codes that asking again does not mend: the frame, the token or its scope is wrong. */
    private static final List<Integer> FINAL = List.of(4400, 4401, 4403, 4413);
    private static final Map<String, String> DOES = Map.of("accepted", "open", "refused", "shut", "undetermined", "ask");
    private static final Map<String, Object> LOST = Map.of("type", "lost");

    private final URI address;
    /** The session's number is the gate's own: over another connection nothing is asked twice. */
    private final String hello;
    private final BlockingQueue<Map<String, Object>> heard = new LinkedBlockingQueue<>();
    private final StringBuilder message = new StringBuilder();
    private WebSocket line;
    private long seq = 0;

    private Gate(String url, String purpose) {
        byte[] session = new byte[16];
        new SecureRandom().nextBytes(session);
        address = URI.create(url + "/v1/stream");
        hello = "{\"type\":\"hello\",\"lane\":\"gate\",\"session\":\"" + HexFormat.of().formatHex(session) + "\""
            + (purpose == null ? "" : ",\"purpose\":" + Json.quote(purpose)) + "}";
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments.length < 1 || arguments.length > 2) {
            System.err.println("java examples/Gate.java ws://HOST:PORT [PURPOSE]");
            System.exit(1);
        }
        Gate gate = new Gate(arguments[0], arguments.length == 2 ? arguments[1] : null);
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        BufferedReader scanner = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String text = scanner.readLine(); text != null; text = scanner.readLine()) out.println(gate.scan(text));
        System.exit(0);
    }

    /** What becomes of one scan. The scan's own number keeps a presentation from being REPLAYED to itself. */
    private String scan(String text) throws InterruptedException {
        String item = "{\"qr\":" + Json.quote(text) + ",\"scan\":\"" + UUID.randomUUID() + "\"}";
        long until = System.nanoTime() + FRESH_NANOS;
        String does = "ask UNREACHABLE";
        while (System.nanoTime() - until < 0) {
            Map<String, Object> answer = ask(item, until);
            if (answer == LOST) {
                Thread.sleep(50);
                continue;
            }
            seq++;
            if (answer.get("type").equals("error")) return "ask " + answer.get("code");
            Map<?, ?> verdict = (Map<?, ?>) ((List<?>) answer.get("verdicts")).get(0);
            does = DOES.get(verdict.get("outcome")) + " " + verdict.get("code");
            if (!verdict.get("code").equals("BUSY") || !(verdict.get("retryAfterMs") instanceof Double ms)) break;
            Thread.sleep(ms.longValue());
        }
        return does;
    }

    /** The frame that answers; LOST where the line is: asked again under the same number it is answered once. */
    private Map<String, Object> ask(String item, long until) throws InterruptedException {
        if (line == null && !connect(until)) return LOST;
        line.sendText("{\"type\":\"verify\",\"seq\":" + seq + ",\"items\":[" + item + "]}", true);
        return await(frame -> frame.get("seq") instanceof Double number && number == seq, until);
    }

    /** Opens a stream and waits for its welcome; one scan at a time is within all credits. */
    private boolean connect(long until) throws InterruptedException {
        heard.clear();
        message.setLength(0);
        String token = System.getenv("HUFU_TOKEN");
        WebSocket.Builder builder = HttpClient.newHttpClient().newWebSocketBuilder();
        builder.subprotocols("hufu.v1+json", token == null ? new String[0] : new String[] {"hufu.token." + token});
        try {
            line = builder.buildAsync(address, this).join();
        } catch (CompletionException refused) {
            return false;
        }
        line.sendText(hello, true);
        return await(frame -> frame.get("type").equals("welcome"), until) != LOST;
    }

    /** The next frame that is wanted. Others are news of credits, a server that drains, or what an older line was owed. */
    private Map<String, Object> await(Predicate<Map<String, Object>> wanted, long until)
        throws InterruptedException {
        while (true) {
            Map<String, Object> frame = heard.poll(until - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (frame != null && frame != LOST && !wanted.test(frame)) continue;
            if (frame != null && frame != LOST) return frame;
            if (line != null) line.abort();
            line = null;
            return LOST;
        }
    }

    @Override
    public CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean isLast) {
        message.append(part);
        if (isLast) {
            heard.add(Json.readMap(message.toString()));
            message.setLength(0);
        }
        socket.request(1);
        return null;
    }

    @Override
    public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
        if (FINAL.contains(code)) {
            System.err.println("the server closed the stream: " + code + " " + reason);
            Runtime.getRuntime().halt(1);
        }
        heard.add(LOST);
        return null;
    }

    @Override
    public void onError(WebSocket socket, Throwable error) {
        heard.add(LOST);
    }
}

/** JSON (RFC 8259), which the platform lacks, as far as a server's frames need it. */
final class Json {
    private final String text;
    private int at = 0;

    private Json(String text) {
        this.text = text;
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> readMap(String text) {
        return (Map<String, Object>) new Json(text).value();
    }

    static String quote(String value) {
        StringBuilder quoted = new StringBuilder("\"");
        for (char c : value.toCharArray()) {
            if (c == '"' || c == '\\') quoted.append('\\').append(c);
            else if (c < 0x20 || Character.isSurrogate(c)) quoted.append(String.format("\\u%04x", (int) c));
            else quoted.append(c);
        }
        return quoted.append('"').toString();
    }

    private Object value() {
        switch (next()) {
            case '{': return map();
            case '[': return list();
            case '"': return string();
            default: at--; return word();
        }
    }

    private Map<String, Object> map() {
        Map<String, Object> map = new LinkedHashMap<>();
        for (char c = next(); c != '}'; c = next()) {
            if (c == ',') c = next();
            String name = string();
            next();
            map.put(name, value());
        }
        return map;
    }

    private List<Object> list() {
        List<Object> list = new ArrayList<>();
        for (char c = next(); c != ']'; c = next()) {
            if (c != ',') at--;
            list.add(value());
        }
        return list;
    }

    private String string() {
        StringBuilder string = new StringBuilder();
        for (char c = text.charAt(at++); c != '"'; c = text.charAt(at++)) {
            if (c != '\\') string.append(c);
            else switch (c = text.charAt(at++)) {
                case 'b': string.append('\b'); break;
                case 'f': string.append('\f'); break;
                case 'n': string.append('\n'); break;
                case 'r': string.append('\r'); break;
                case 't': string.append('\t'); break;
                case 'u': string.append((char) Integer.parseInt(text.substring(at, at += 4), 16)); break;
                default: string.append(c);
            }
        }
        return string.toString();
    }

    private Object word() {
        int from = at;
        while (at < text.length() && (Character.isLetterOrDigit(text.charAt(at)) || "+-.".indexOf(text.charAt(at)) >= 0)) at++;
        String word = text.substring(from, at);
        if (word.equals("null")) return null;
        if (word.equals("true") || word.equals("false")) return Boolean.valueOf(word);
        return Double.valueOf(word);
    }

    private char next() {
        while (Character.isWhitespace(text.charAt(at))) at++;
        return text.charAt(at++);
    }
}
