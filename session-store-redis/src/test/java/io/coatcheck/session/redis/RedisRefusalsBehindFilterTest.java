package io.coatcheck.session.redis;

import static io.coatcheck.session.redis.TestServer.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.test.log.RecordedLog;
import io.lettuce.core.AclSetuserArgs;
import io.lettuce.core.KillArgs;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.protocol.CommandType;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Real servers in real states, as requests through Tomcat see them. All tests share the servers and
 * the applications, and each one leaves them well.
 */
@DisplayName(
    "I9: if Redis refuses, the answer is 503, the log says what to do, and the session is kept")
@Timeout(180)
class RedisRefusalsBehindFilterTest {

  private static final String FILTER_LOG = "io.coatcheck.session.servlet.SessionFilter";
  private static final Keys KEYS = new Keys("coatcheck");
  private static final byte[] ASIDE = "aside".getBytes(StandardCharsets.US_ASCII);
  private static final String SLOW = "/slow";
  private static final String CONFIRMED = "/confirmed";
  private static final String OWN_USER = "/user";
  private static final String CLUSTER = "/cluster";
  private static final String IMPATIENT = "/impatient";
  private static final String CLUSTER_PREFIX = "filter";

  /** The name and the first password of the user of one application. */
  private static final String USER = "shop";

  private static final String PASSWORD = "first";

  /** Longer than a test takes: the test ends what waits. */
  private static final Duration LONG = Duration.ofSeconds(60);

  @TempDir private static Path folder;
  @TempDir private static Path base;

  private static RecordedLog filterLog;
  private static RecordedLog storeLog;
  private static TestServer server;
  private static TestCluster cluster;
  private static CuttingProxy proxy;
  private static TestSite site;
  private static RedisClient client;

  /** A connection that stays, even when all others are refused. */
  private static RedisCommands<byte[], byte[]> admin;

  private String cookie = "";

  @BeforeAll
  static void start() throws Exception {
    server =
        new TestServer(
            "dir " + folder,
            "enable-debug-command local",
            "rdbcompression no",
            "maxmemory-policy noeviction");
    cluster = new TestCluster();
    proxy = new CuttingProxy(server.port);
    client = RedisClient.create(TestServer.RESOURCES, server.uri());
    admin = client.connect(ByteArrayCodec.INSTANCE).sync();
    setPassword(PASSWORD);
    site =
        new TestSite(
            base,
            Map.of(
                "",
                server.store("coatcheck").build(),
                SLOW,
                TestServer.built(
                    RedisSessionStore.builder(TestServer.uri("127.0.0.1", proxy.port()))
                        .keyPrefix("slow")
                        .commandTimeout(Duration.ofMillis(500))
                        .clientResources(TestServer.RESOURCES)),
                CONFIRMED,
                server.store("coatcheck").confirmReplicas(1, LONG).build(),
                OWN_USER,
                RedisSessionStore.builder(
                        RedisURI.builder(server.uri())
                            .withAuthentication(USER, PASSWORD.toCharArray())
                            .build())
                    .commandTimeout(TestServer.PATIENCE)
                    .connectTimeout(TestServer.PATIENCE)
                    .clientResources(TestServer.RESOURCES)
                    .build(),
                CLUSTER,
                cluster.store(CLUSTER_PREFIX).build(),
                IMPATIENT,
                TestServer.built(
                    cluster.store(CLUSTER_PREFIX).commandTimeout(Duration.ofSeconds(2)))));
    // An error is logged once a second; the others are logged for debugging.
    filterLog = RecordedLog.of(FILTER_LOG).at(Level.DEBUG).hereOnly();
    storeLog = RecordedLog.of(RedisSessionStore.class);
  }

  /** Gives the user of one application a password, and no other one. */
  private static void setPassword(String password) {
    admin.aclSetuser(
        USER,
        AclSetuserArgs.Builder.on()
            .resetpass()
            .addPassword(password)
            .allKeys()
            .allChannels()
            .allCommands());
  }

  private static void forgetLog() {
    filterLog.clear();
    storeLog.clear();
  }

  /** Returns the messages that were logged, and those of the exceptions in them. */
  private static Stream<String> logged() {
    return Stream.of(filterLog, storeLog)
        .flatMap(log -> log.events().stream())
        .map(RedisRefusalsBehindFilterTest::text);
  }

  private static String text(ILoggingEvent event) {
    StringBuilder text = new StringBuilder(event.getFormattedMessage());
    for (IThrowableProxy cause = event.getThrowableProxy();
        cause != null;
        cause = cause.getCause()) {
      text.append(": ").append(cause.getMessage());
    }
    return text.toString();
  }

  @AfterAll
  static void stop() throws Exception {
    filterLog.close();
    storeLog.close();
    site.close();
    client.shutdown(Duration.ZERO, Duration.ofSeconds(5));
    proxy.close();
    cluster.close();
    server.close();
  }

  @BeforeEach
  void login() {
    cookie = site.login("", "alice");
    assertThat(get("/set/before").statusCode()).isEqualTo(200);
  }

  /** One test that fails must not have the others fail. */
  @AfterEach
  void mend() {
    admin.configSet("requirepass", "");
    admin.configSet("maxmemory", "0");
    admin.configSet("save", "");
    admin.configSet("key-load-delay", "0");
    admin.configSet("replica-serve-stale-data", "yes");
    admin.configSet("min-replicas-to-write", "0");
    admin.replicaofNoOne();
    admin.aclSetuser("default", AclSetuserArgs.Builder.allCommands());
    setPassword(PASSWORD);
    admin.del(ASIDE);
    admin.configSet("lua-time-limit", "5000");
    proxy.delay = Duration.ZERO;
    proxy.mode = CuttingProxy.Mode.PASSING;
  }

  private HttpResponse<String> get(String path) {
    return site.send(path, cookie).join();
  }

  private byte[] record() {
    String id = cookie.replaceAll("^[^=]*=", "").replaceAll("\\..*", "");
    return KEYS.record(SessionId.parse(id).orElseThrow());
  }

  private static boolean isLogged(String text, String other) {
    return logged().anyMatch(line -> line.contains(text) && line.contains(other));
  }

  private static boolean isLogged(String text) {
    return logged().anyMatch(line -> line.contains(text));
  }

  /** Asserts that a request is refused, for a reason that the log names with what to do. */
  private void assertRefused(String path, String reason, String advice) {
    forgetLog();
    assertIs503(get(path));
    assertThat(logged()).anyMatch(line -> line.contains(reason + ", ") && line.contains(advice));
  }

  /** The same, where a busy machine may keep the store from an answer in time. */
  private void awaitRefusal(String path, String reason, String advice) {
    await(
        "a refusal of " + path,
        () -> {
          forgetLog();
          assertIs503(get(path));
          return isLogged(reason + ", ", advice);
        });
  }

  /** Asserts that the client may try again, and keeps its cookie. */
  private static void assertIs503(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(answer.headers().firstValue("Retry-After")).isPresent();
    assertThat(answer.headers().allValues("Set-Cookie")).isEmpty();
  }

  private void assertIsRead() {
    assertThat(get("/me").body()).isEqualTo("alice");
    assertThat(get("/get").body()).isEqualTo("before");
  }

  /** Asserts that the session is what it was, and that all works. */
  private void assertNothingIsLost(String application) {
    await("an answer", () -> get(application + "/me").statusCode() == 200);
    assertThat(get(application + "/me").body()).isEqualTo("alice");
    assertThat(get(application + "/get").body()).isEqualTo("before");
    assertThat(get(application + "/set/after").statusCode()).isEqualTo(200);
    assertThat(get(application + "/get").body()).isEqualTo("after");
    assertThat(get(application + "/logout").statusCode()).isEqualTo(200);
    assertThat(get(application + "/me").body()).isEqualTo("null");
  }

  @Test
  @DisplayName("WRONGTYPE of a record: another program has written there")
  void wrongType() {
    admin.rename(record(), ASIDE);
    admin.lpush(record(), new byte[1]);
    for (String path : List.of("/me", "/set/other", "/logout")) {
      assertRefused(path, "WRONGTYPE", "something else writes keys with this prefix");
    }
    admin.del(record());
    admin.rename(ASIDE, record());
    assertNothingIsLost("");
  }

  @Test
  @DisplayName("WRONGTYPE of an index: logins are refused, and sessions can be read")
  void wrongType_ofAnIndex() {
    admin.rename(KEYS.expiry(), ASIDE);
    admin.set(KEYS.expiry(), new byte[1]);
    String own = cookie;
    cookie = "";
    assertRefused("/login/bob", "WRONGTYPE", "something else writes keys with this prefix");
    cookie = own;
    assertIsRead();
    admin.del(KEYS.expiry());
    admin.rename(ASIDE, KEYS.expiry());
    assertNothingIsLost("");
  }

  @Test
  @DisplayName("a record of a future format, as in a rolling upgrade")
  void layoutOfANewerRelease() {
    admin.setrange(record(), 0, new byte[] {2});
    for (String path : List.of("/me", "/set/other", "/logout")) {
      forgetLog();
      assertIs503(get(path));
      assertThat(logged()).anyMatch(line -> line.contains("a newer release wrote it too early"));
    }
    admin.setrange(record(), 0, new byte[] {1});
    assertNothingIsLost("");
  }

  @Test
  @DisplayName("READONLY: the server has become a replica")
  void readOnlyReplica() {
    // Of a server that does not exist, so it keeps its data.
    try (ReservedPort nothing = new ReservedPort()) {
      admin.replicaof("127.0.0.1", nothing.number);
      assertRefused("/set/other", "READONLY", "connect to the primary");
      assertIs503(get("/me"));
      admin.replicaofNoOne();
    }
    assertNothingIsLost("");
  }

  @Test
  @DisplayName("UNBLOCKED: the server becomes a replica while a logout waits for its confirmation")
  void unblocked() throws Exception {
    forgetLog();
    try (ReservedPort nothing = new ReservedPort()) {
      CompletableFuture<HttpResponse<String>> logout = logoutThatWaits();
      admin.replicaof("127.0.0.1", nothing.number);
      assertIs503(logout.get(60, TimeUnit.SECONDS));
      assertThat(isLogged("is not confirmed", "UNBLOCKED, the server became a replica")).isTrue();
      assertIs503(get("/set/other"));
      admin.replicaofNoOne();
    }
    // The session has ended on this server, as the message says.
    await("an answer", () -> get("/me").statusCode() == 200);
    assertThat(get("/me").body()).isEqualTo("null");
  }

  /** Begins a logout, again where the store was not connected yet after another test. */
  private CompletableFuture<HttpResponse<String>> logoutThatWaits() {
    AtomicReference<CompletableFuture<HttpResponse<String>>> logout = new AtomicReference<>();
    await(
        "a WAIT",
        () -> {
          if (logout.get() == null || logout.get().isDone()) {
            logout.set(site.send(CONFIRMED + "/logout", cookie));
          }
          return TestServer.info(server.port, "clients").contains("blocked_clients:1");
        });
    return logout.get();
  }

  @Test
  @DisplayName("MASTERDOWN: the same, set to serve no old data")
  void replicaWithoutItsPrimary() {
    admin.configSet("replica-serve-stale-data", "no");
    try (ReservedPort nothing = new ReservedPort()) {
      admin.replicaof("127.0.0.1", nothing.number);
      assertRefused("/me", "MASTERDOWN", "the replica has lost its primary");
      admin.replicaofNoOne();
    }
    admin.configSet("replica-serve-stale-data", "yes");
    assertNothingIsLost("");
  }

  @Test
  @DisplayName("NOAUTH: the server wants a password by now")
  void noAuth() {
    forgetLog();
    admin.configSet("requirepass", "secret");
    admin.clientKill(KillArgs.Builder.typeNormal().skipme(true));
    await(
        "the reason in the log",
        () -> isLogged("NOAUTH, the server requires a password: set it in the RedisURI"));
    // The next attempt to connect may be under way.
    await(
        "a request that does not reach Redis",
        () -> {
          assertIs503(get("/me"));
          return isLogged("failed: Redis is not connected");
        });
    admin.configSet("requirepass", "");
    assertNothingIsLost("");
  }

  @Test
  @DisplayName("WRONGPASS: the password was changed, which the next connection notices")
  void wrongPassword() {
    // The test before may have cut the connection: it must be open again before the change.
    assertThat(site.awaitAnswer(OWN_USER + "/me", cookie).body()).isEqualTo("alice");
    forgetLog();
    setPassword("second");
    assertThat(get(OWN_USER + "/me").body()).as("still connected").isEqualTo("alice");
    admin.clientKill(KillArgs.Builder.user(USER));
    await("the reason in the log", () -> isLogged("WRONGPASS, ", "correct them in the RedisURI"));
    assertIs503(get(OWN_USER + "/me"));
    assertIsRead();
    setPassword(PASSWORD);
    assertNothingIsLost(OWN_USER);
  }

  @Test
  @DisplayName("a server that hangs and then wants a password: the log has both reasons")
  void outageWithAnotherReason() {
    String user = site.login(SLOW, "alice");
    forgetLog();
    proxy.mode = CuttingProxy.Mode.HOLDING;
    await(
        "the first reason in the log",
        () -> {
          assertIs503(site.send(SLOW + "/me", user).join());
          return isLogged("operations fail until it is", "Redis did not answer in time");
        });
    admin.configSet("requirepass", "secret");
    proxy.mode = CuttingProxy.Mode.PASSING;
    await(
        "the second one",
        () -> isLogged("for another reason", "NOAUTH, the server requires a password"));
    admin.configSet("requirepass", "");
    assertThat(site.awaitAnswer(SLOW + "/me", user).body()).isEqualTo("alice");
  }

  @Test
  @DisplayName("NOPERM: the user may not run a command, by itself or in a script")
  void notPermitted() {
    admin.aclSetuser("default", AclSetuserArgs.Builder.removeCommand(CommandType.GET));
    assertRefused("/me", "NOPERM", "grant what docs/REDIS.md lists");
    admin.aclSetuser("default", AclSetuserArgs.Builder.allCommands());
    admin.aclSetuser("default", AclSetuserArgs.Builder.removeCommand(CommandType.ZADD));
    assertRefused("/set/other", "NOPERM", "grant what docs/REDIS.md lists");
    assertIsRead();
    admin.aclSetuser("default", AclSetuserArgs.Builder.allCommands());
    assertNothingIsLost("");
  }

  @Test
  @DisplayName("LOADING: the server reads its data")
  void loading() throws Exception {
    assumeTrue(
        TestServer.VERSION >= 7, "before, a server answers only after each 2 MB that it loads");
    // Slowly enough, until a request has seen it.
    admin.eval(
        "for i = 1, 500 do redis.call('SET', 'filler' .. i, string.rep('x', 1000)) end return 1",
        ScriptOutputType.INTEGER);
    admin.configSet("loading-process-events-interval-bytes", "1024");
    admin.configSet("key-load-delay", "20000");
    forgetLog();
    CompletableFuture<String> reload =
        CompletableFuture.supplyAsync(() -> server.run(RedisRefusalsBehindFilterTest::reload));
    await("a request that is refused", () -> get("/me").statusCode() == 503);
    admin.configSet("key-load-delay", "0");
    assertThat(reload.get(60, TimeUnit.SECONDS)).isEqualTo("reloaded");
    assertThat(isLogged("LOADING, the server is still loading its data")).isTrue();
    assertNothingIsLost("");
    admin.eval(
        "for i = 1, 500 do redis.call('DEL', 'filler' .. i) end return 1",
        ScriptOutputType.INTEGER);
  }

  private static String reload(RedisCommands<byte[], byte[]> commands) {
    commands.debugReload();
    return "reloaded";
  }

  @Test
  @DisplayName("MISCONF: the server cannot save to its disk")
  void misconf() throws Exception {
    // The file of a snapshot cannot replace a folder.
    Files.deleteIfExists(folder.resolve("dump.rdb"));
    Path blocked = Files.createDirectories(folder.resolve("dump.rdb").resolve("full"));
    admin.configSet("save", "900 1000000");
    admin.bgsave();
    await(
        "a failed snapshot",
        () -> TestServer.info(server.port, "persistence").contains("rdb_last_bgsave_status:err"));
    assertRefused("/set/other", "MISCONF", "look at its log and its disk");
    assertRefused("/logout", "MISCONF", "look at its log and its disk");
    assertIsRead();
    admin.configSet("save", "");
    Files.delete(blocked);
    Files.delete(blocked.getParent());
    assertNothingIsLost("");
  }

  @Test
  @DisplayName("NOREPLICAS: too few replicas for min-replicas-to-write")
  void noReplicas() {
    admin.configSet("min-replicas-to-write", "1");
    for (String path : List.of("/set/other", "/logout")) {
      assertRefused(path, "NOREPLICAS", "look why replicas are unreachable or lag");
    }
    assertIsRead();
    admin.configSet("min-replicas-to-write", "0");
    assertNothingIsLost("");
  }

  @Test
  @DisplayName("BUSY: a script of another application runs too long")
  void busy() throws Exception {
    admin.configSet("lua-time-limit", "50");
    CompletableFuture<String> endless =
        CompletableFuture.supplyAsync(
            () ->
                server.run(
                    commands -> {
                      byte[] script = "while true do end".getBytes(StandardCharsets.US_ASCII);
                      return commands.eval(script, ScriptOutputType.STATUS);
                    }));
    await("a request that is refused", () -> get("/me").statusCode() == 503);
    try {
      for (String path : List.of("/me", "/set/other", "/logout")) {
        assertRefused(path, "BUSY", "end it with SCRIPT KILL");
      }
    } finally {
      admin.scriptKill();
    }
    assertThat(endless).failsWithin(60, TimeUnit.SECONDS);
    admin.configSet("lua-time-limit", "5000");
    assertNothingIsLost("");
  }

  @Test
  @DisplayName("OOM: the server is out of memory")
  void outOfMemory() {
    admin.configSet("maxmemory", "1");
    assertRefused("/set/other", "OOM", "raise maxmemory");
    assertIsRead();
    admin.configSet("maxmemory", "0");
    assertNothingIsLost("");
  }

  private void loginOnTheCluster() {
    cookie = site.login(CLUSTER, "alice");
    assertThat(get(CLUSTER + "/set/before").statusCode()).isEqualTo(200);
  }

  @Test
  @DisplayName("CLUSTERDOWN: no node has the slot")
  void clusterDown() {
    loginOnTheCluster();
    int slot = TestCluster.slot(CLUSTER_PREFIX);
    cluster.run(CLUSTER_PREFIX, commands -> commands.clusterDelSlots(slot));
    assertRefused(CLUSTER + "/me", "CLUSTERDOWN", "a primary is down");
    assertIs503(get(CLUSTER + "/set/other"));
    cluster.run(CLUSTER_PREFIX, commands -> commands.clusterAddSlots(slot));
    assertNothingIsLost(CLUSTER);
  }

  @Test
  @DisplayName("ASK and MOVED: while the slot moves, sessions are read; afterwards, all works")
  void resharding() {
    loginOnTheCluster();
    TestServer to = cluster.beginToMove(CLUSTER_PREFIX);
    while (cluster.moveKeys(CLUSTER_PREFIX, to)) {
      // All of the keys.
    }
    assertThat(get(CLUSTER + "/me").body()).isEqualTo("alice");
    assertThat(get(CLUSTER + "/get").body()).isEqualTo("before");
    for (String path : List.of("/set/other", "/logout")) {
      awaitRefusal(IMPATIENT + path, "ASK", "try again when it has moved");
    }
    cluster.endMove(CLUSTER_PREFIX, to);
    assertThat(get(CLUSTER + "/me").statusCode()).isEqualTo(200);
    assertNothingIsLost(CLUSTER);
  }

  /** A user of the slow application, and what the session may hold. */
  private static final class User {
    final String cookie;
    final Set<String> possible = new HashSet<>();

    User(String cookie) {
      this.cookie = cookie;
    }
  }

  @Test
  @DisplayName("a server that answers late: a 503 or the own session, soon without waiting")
  void slowServer() {
    Map<String, User> users = new LinkedHashMap<>();
    for (int i = 0; i < 2 * TestSite.THREADS; i++) {
      String name = "user" + i;
      User user = new User(site.login(SLOW, name));
      user.possible.add("null");
      users.put(name, user);
    }
    forgetLog();
    int round = 0;
    for (int delay : new int[] {0, 700, 700, 20, 1_500, 20, 300}) {
      proxy.delay = Duration.ofMillis(delay);
      round++;
      send(users, "value" + round);
    }
    proxy.delay = Duration.ZERO;
    assertThat(logged())
        .anyMatch(line -> line.contains("may have happened or not: Redis did not answer in time"))
        .anyMatch(line -> line.contains("failed at once: Redis has not answered 3 times in a row"));
    users.forEach(
        (name, user) -> {
          assertThat(site.awaitAnswer(SLOW + "/me", user.cookie).body()).isEqualTo(name);
          assertThat(site.awaitAnswer(SLOW + "/get", user.cookie).body()).isIn(user.possible);
        });
  }

  /** Has all users read and write at the same time. None may get the answer for another one. */
  private void send(Map<String, User> users, String value) {
    List<CompletableFuture<Void>> requests = new ArrayList<>();
    users.forEach(
        (name, user) -> {
          requests.add(
              site.send(SLOW + "/me", user.cookie)
                  .thenAccept(
                      answer -> {
                        if (answer.statusCode() == 200) {
                          assertThat(answer.body()).isEqualTo(name);
                        } else {
                          assertIs503(answer);
                        }
                      }));
          requests.add(
              site.send(SLOW + "/set/" + value + name, user.cookie)
                  .thenAccept(
                      answer -> {
                        if (answer.statusCode() == 200) {
                          user.possible.clear();
                        } else {
                          assertIs503(answer);
                        }
                        user.possible.add(value + name);
                      }));
        });
    requests.forEach(CompletableFuture::join);
  }
}
