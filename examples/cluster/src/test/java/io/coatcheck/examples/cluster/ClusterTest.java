package io.coatcheck.examples.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ClusterTest {

  private static final Pattern PORT = Pattern.compile("This page came from port (\\d+)\\.");

  private final HttpClient client = HttpClient.newHttpClient();

  /** By name: the session's, and the hint of the version that was last seen. */
  private final Map<String, String> cookies = new TreeMap<>();

  @DisplayName("A user stays logged in when a node is killed, and another one")
  @ParameterizedTest
  @CsvSource({"postgresql, PostgreSQL", "redis, Redis"})
  void killedNode_losesNoSession(String store, String shownAs) throws Exception {
    List<ProcessHandle> processes;
    try (Cluster cluster = Cluster.start(0, store)) {
      List<Node> nodes = cluster.nodes();
      processes = nodes.stream().map(node -> ProcessHandle.of(node.pid()).orElseThrow()).toList();
      assertThat(post(cluster, "/login", "username=alice&password=wonderland-1")).isEqualTo(303);
      assertThat(portsThatServe(cluster, "You are alice")).hasSize(3);
      assertOnlyOnLoopback(cluster);

      kill(processes.get(0));

      assertThat(post(cluster, "/note", "text=still+here")).isEqualTo(303);
      assertThat(portsThatServe(cluster, "You are alice", "still here")).hasSize(2);

      kill(processes.get(1));

      assertThat(portsThatServe(cluster, "You are alice", "still here", "kept in " + shownAs))
          .containsExactly(String.valueOf(nodes.get(2).url().getPort()));
      assertThat(post(cluster, "/logout", "")).isEqualTo(303);
      assertThat(get(cluster)).doesNotContain("You are alice");
    }
    assertThat(processes).noneMatch(ProcessHandle::isAlive);
  }

  @DisplayName("A session that one node has ended is refused by each within a second")
  @ParameterizedTest
  @ValueSource(strings = {"postgresql", "redis"})
  void loggedOut_isRefusedByEachNode(String store) throws Exception {
    try (Cluster cluster = Cluster.start(0, store)) {
      assertThat(post(cluster, "/login", "username=alice&password=wonderland-1")).isEqualTo(303);
      assertThat(portsThatServe(cluster, "You are alice")).hasSize(3);
      Map<String, String> stolen = Map.copyOf(cookies);
      assertThat(post(cluster, "/logout", "")).isEqualTo(303);
      long ended = System.nanoTime();
      cookies.clear();
      cookies.putAll(stolen);
      while (System.nanoTime() - ended < TimeUnit.SECONDS.toNanos(1)) {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
      }

      for (int i = 0; i < 9; i++) {
        assertThat(get(cluster)).doesNotContain("You are alice");
      }
    }
  }

  @DisplayName(
      "Users stay logged in when Redis is started again, and are answered 503 while it is unreachable")
  @Test
  void restartedRedis_losesNoSession() throws Exception {
    try (Cluster cluster = Cluster.start(0, "redis")) {
      assertThat(post(cluster, "/login", "username=alice&password=wonderland-1")).isEqualTo(303);
      assertThat(portsThatServe(cluster, "You are alice")).hasSize(3);

      RedisRestart.of(cluster, () -> awaitStatus(cluster, 503));
      awaitStatus(cluster, 200);

      assertThat(get(cluster)).contains("You are alice");
      assertThat(post(cluster, "/note", "text=still+here")).isEqualTo(303);
      assertThat(portsThatServe(cluster, "You are alice", "still here")).hasSize(3);
    }
  }

  /** Waits until as many requests in a row as there are nodes are answered so. */
  private void awaitStatus(Cluster cluster, int status) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    for (int inARow = 0; inARow < 3; ) {
      assertThat(System.nanoTime() - deadline).as("answered by " + status).isNegative();
      int found = send(cluster, "/", HttpRequest.newBuilder().GET()).statusCode();
      inARow = found == status ? inARow + 1 : 0;
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
    }
  }

  /** The page tells everybody the passwords, so only this machine is to see it. */
  private static void assertOnlyOnLoopback(Cluster cluster) throws IOException {
    List<InetAddress> others =
        NetworkInterface.networkInterfaces()
            .flatMap(NetworkInterface::inetAddresses)
            .filter(address -> !address.isLoopbackAddress())
            .toList();
    List<URI> urls = new ArrayList<>(cluster.nodes().stream().map(Node::url).toList());
    urls.add(URI.create(cluster.url()));
    for (URI url : urls) {
      for (InetAddress address : others) {
        assertThatThrownBy(
                () -> {
                  try (Socket socket = new Socket()) {
                    socket.connect(new InetSocketAddress(address, url.getPort()), 2_000);
                  }
                })
            .as("%s at %s", url, address)
            .isInstanceOf(IOException.class);
      }
    }
  }

  private static void kill(ProcessHandle process) throws Exception {
    process.destroyForcibly();
    process.onExit().get(60, TimeUnit.SECONDS);
  }

  private Set<String> portsThatServe(Cluster cluster, String... contents) throws Exception {
    Set<String> ports = new TreeSet<>();
    for (int i = 0; i < 9; i++) {
      String page = get(cluster);
      assertThat(page).contains(contents);
      Matcher port = PORT.matcher(page);
      assertThat(port.find()).isTrue();
      ports.add(port.group(1));
    }
    return ports;
  }

  private String get(Cluster cluster) throws IOException, InterruptedException {
    HttpResponse<String> answer = sendPatiently(cluster, "/", HttpRequest.newBuilder().GET());
    assertThat(answer.statusCode()).isEqualTo(200);
    return answer.body();
  }

  private int post(Cluster cluster, String path, String form)
      throws IOException, InterruptedException {
    return sendPatiently(
            cluster,
            path,
            HttpRequest.newBuilder()
                .header("Content-Type", "application/x-www-form-urlencoded")
                .header("Origin", cluster.url())
                .POST(BodyPublishers.ofString(form)))
        .statusCode();
  }

  /** As {@link #send}, again while nodes miss their timeouts on a busy machine. */
  private HttpResponse<String> sendPatiently(
      Cluster cluster, String path, HttpRequest.Builder request)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    HttpResponse<String> answer = send(cluster, path, request.copy());
    while (answer.statusCode() == 503 && System.nanoTime() - deadline < 0) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
      answer = send(cluster, path, request.copy());
    }
    return answer;
  }

  private HttpResponse<String> send(Cluster cluster, String path, HttpRequest.Builder request)
      throws IOException, InterruptedException {
    request.uri(URI.create(cluster.url() + path));
    if (!cookies.isEmpty()) {
      request.header("Cookie", String.join("; ", cookies.values()));
    }
    HttpResponse<String> answer = client.send(request.build(), BodyHandlers.ofString(UTF_8));
    answer
        .headers()
        .allValues("Set-Cookie")
        .forEach(set -> cookies.put(set.substring(0, set.indexOf('=')), set.split(";", 2)[0]));
    return answer;
  }
}
