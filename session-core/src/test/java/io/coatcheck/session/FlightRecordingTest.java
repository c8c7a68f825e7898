package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import jdk.jfr.EventType;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Recording;
import jdk.jfr.SettingDescriptor;
import jdk.jfr.ValueDescriptor;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("JDK Flight Recorder gets the calls of the store, the conflicts and the clean-ups")
class FlightRecordingTest {

  private static final List<String> EVENTS =
      List.of("coatcheck.StoreCall", "coatcheck.SaveConflict", "coatcheck.CleanUp");

  private static final Set<String> COMMON_FIELDS =
      Set.of("startTime", "duration", "eventThread", "stackTrace");

  @TempDir private Path directory;

  private final EngineFixture fixture = new EngineFixture();

  /** Returns what is recorded while the work is done, slow or not. */
  private List<RecordedEvent> recorded(Runnable work) throws IOException {
    try (Recording recording = new Recording()) {
      EVENTS.forEach(name -> recording.enable(name).withThreshold(Duration.ZERO));
      recording.start();
      work.run();
      recording.stop();
      Path file = directory.resolve("events.jfr");
      recording.dump(file);
      List<RecordedEvent> events = new ArrayList<>(RecordingFile.readAllEvents(file));
      events.removeIf(event -> !EVENTS.contains(event.getEventType().getName()));
      return events;
    }
  }

  private static List<RecordedEvent> of(String name, List<RecordedEvent> events) {
    return events.stream().filter(event -> event.getEventType().getName().equals(name)).toList();
  }

  @Test
  void storeCall_hasOperationSessionAndOutcome() throws Exception {
    String token = fixture.anonymous();
    String id = SessionToken.parse(token).orElseThrow().id().toString();

    List<RecordedEvent> calls =
        of("coatcheck.StoreCall", recorded(() -> assertThat(fixture.isLive(token)).isTrue()));

    assertThat(calls)
        .singleElement()
        .satisfies(
            call -> {
              assertThat(call.getString("operation")).isEqualTo("find");
              assertThat(call.getString("sessionId")).isEqualTo(id);
              assertThat(call.getBoolean("successful")).isTrue();
              assertThat(call.getStackTrace()).isNotNull();
            });
  }

  @Test
  void storeCall_thatFails_isNotSuccessful() throws Exception {
    String token = fixture.anonymous();
    fixture.store.beforeNext(
        "find",
        () -> {
          throw new SessionStoreException("down");
        });

    List<RecordedEvent> calls =
        of(
            "coatcheck.StoreCall",
            recorded(
                () ->
                    assertThatThrownBy(() -> fixture.isLive(token))
                        .isInstanceOf(SessionStoreException.class)));

    assertThat(calls)
        .singleElement()
        .satisfies(call -> assertThat(call.getBoolean("successful")).isFalse());
    assertThat(fixture.eventsOf(SessionEvent.StoreFailed.class)).hasSize(1);
  }

  @Test
  void storeCalls_areThoseOfTheStore_alsoTheRareOnes() throws Exception {
    fixture.store.calls.clear();
    List<RecordedEvent> calls =
        of(
            "coatcheck.StoreCall",
            recorded(
                () -> {
                  String alice = fixture.loggedIn("alice");
                  fixture.clock.advance(EngineFixture.TOUCH_INTERVAL.plusSeconds(1));
                  fixture.manager.save(fixture.live(alice));
                  fixture.manager.sessionsOf("alice");
                  fixture.manager.revokeAllOf("alice");
                  fixture.manager.cleanUp();
                }));
    assertThat(calls)
        .extracting(call -> call.getString("operation"))
        .contains(
            "insert", "find", "touch", "findByPrincipal", "deleteByPrincipal", "deleteExpired")
        .hasSameSizeAs(fixture.store.calls);
  }

  @Test
  void saveConflict_isEachLostWrite() throws Exception {
    String token = fixture.anonymous();
    Session first = fixture.live(token);
    Session second = fixture.live(token);
    first.setAttribute("a", "1");
    second.setAttribute("b", "2");
    fixture.manager.save(second);

    List<RecordedEvent> conflicts =
        of("coatcheck.SaveConflict", recorded(() -> fixture.manager.save(first)));

    assertThat(conflicts)
        .singleElement()
        .satisfies(
            conflict -> {
              assertThat(conflict.getString("sessionId")).isEqualTo(first.id().toString());
              assertThat(conflict.getInt("attempt")).isEqualTo(1);
            });
  }

  @Test
  void cleanUp_hasItsDeletionsAndBatches() throws Exception {
    for (int i = 0; i < Sweeper.BATCH + 2; i++) {
      fixture.anonymous();
    }
    fixture.clock.advance(Duration.ofDays(1));

    List<RecordedEvent> runs = of("coatcheck.CleanUp", recorded(() -> fixture.manager.cleanUp()));

    assertThat(runs)
        .singleElement()
        .satisfies(
            run -> {
              assertThat(run.getInt("deleted")).isEqualTo(Sweeper.BATCH + 2);
              assertThat(run.getInt("batches")).isEqualTo(2);
              assertThat(run.getBoolean("successful")).isTrue();
            });
  }

  @Test
  void cleanUp_thatFails_hasWhatItDidBefore() throws Exception {
    for (int i = 0; i < Sweeper.BATCH + 2; i++) {
      fixture.anonymous();
    }
    fixture.clock.advance(Duration.ofDays(1));
    fixture.store.beforeNext("deleteExpired", () -> {});
    fixture.store.beforeNext(
        "deleteExpired",
        () -> {
          throw new SessionStoreException("down");
        });

    List<RecordedEvent> runs =
        of(
            "coatcheck.CleanUp",
            recorded(
                () ->
                    assertThatThrownBy(() -> fixture.manager.cleanUp())
                        .isInstanceOf(SessionStoreException.class)));

    assertThat(runs)
        .singleElement()
        .satisfies(
            run -> {
              assertThat(run.getInt("deleted")).isEqualTo(Sweeper.BATCH);
              assertThat(run.getBoolean("successful")).isFalse();
            });
  }

  @Test
  @DisplayName("I1: no event contains a secret, a principal or an attribute")
  void events_containNothingOfAUser() throws Exception {
    List<String> tokens = new ArrayList<>();
    List<RecordedEvent> events =
        recorded(
            () -> {
              String anonymous = fixture.anonymous();
              Session first = fixture.live(anonymous);
              Session second = fixture.live(anonymous);
              first.setAttribute("drink", "lemonade");
              second.setAttribute("meal", "pancakes");
              fixture.manager.save(second);
              fixture.manager.save(first);
              tokens.add(anonymous);
              tokens.add(fixture.loggedIn("alice-the-principal"));
              fixture.manager.revokeAllOf("alice-the-principal");
              fixture.manager.cleanUp();
            });
    assertThat(events)
        .extracting(event -> event.getEventType().getName())
        .contains(EVENTS.toArray(String[]::new));
    for (RecordedEvent event : events) {
      String text = event.toString();
      assertThat(text).doesNotContain("alice-the-principal", "drink", "lemonade", "meal");
      for (String token : tokens) {
        assertThat(text).doesNotContain(token.substring(token.indexOf('.') + 1));
      }
    }
  }

  @Test
  void shortCalls_areNotRecorded_unlessThatIsAskedFor() throws Exception {
    recorded(() -> fixture.manager.cleanUp());
    EventType storeCall =
        FlightRecorder.getFlightRecorder().getEventTypes().stream()
            .filter(type -> type.getName().equals("coatcheck.StoreCall"))
            .findFirst()
            .orElseThrow();
    assertThat(storeCall.getSettingDescriptors())
        .filteredOn(setting -> setting.getName().equals("threshold"))
        .extracting(SettingDescriptor::getDefaultValue)
        .containsExactly("10 ms");
  }

  @Test
  void documented_areAllEventsAndFields() throws Exception {
    recorded(() -> fixture.manager.cleanUp());
    FlightRecording.saveConflict(SessionId.of(0, 1), 1);
    Map<String, List<String>> fields = new TreeMap<>();
    for (EventType type : FlightRecorder.getFlightRecorder().getEventTypes()) {
      if (type.getName().startsWith("coatcheck.")) {
        fields.put(
            type.getName(),
            type.getFields().stream()
                .map(ValueDescriptor::getName)
                .filter(name -> !COMMON_FIELDS.contains(name))
                .toList());
        assertThat(type.getDescription()).isNotBlank();
      }
    }
    Map<String, List<String>> documented = new TreeMap<>();
    for (String line : Files.readAllLines(Path.of("../docs/METRICS.md"))) {
      if (line.startsWith("| `coatcheck.") && EVENTS.stream().anyMatch(line::contains)) {
        String[] cells = line.replace("`", "").split("\\|", -1);
        documented.put(cells[1].strip(), List.of(cells[2].strip().split(", ", -1)));
      }
    }
    assertThat(documented).isEqualTo(fields).hasSameSizeAs(EVENTS);
  }

  /** Run by the next tests in its own process: this one is recorded by the secret watch. */
  static final class Application {

    private Application() {}

    public static void main(String[] arguments) {
      boolean isPresent = ModuleLayer.boot().findModule("jdk.jfr").isPresent();
      try (SessionManager manager =
          SessionManager.builder(InMemorySessionStore.builder().copyOnRead(true).build()).build()) {
        Session session = manager.adapter().create(manager.adapter().resolve(List.of()));
        session.setAttribute("a", "1");
        manager.save(session);
        String token = session.unsentToken().orElseThrow().value();
        session.markTokenSent();
        Session first = live(manager, token);
        Session second = live(manager, token);
        first.setAttribute("a", "2");
        second.setAttribute("b", "3");
        manager.save(first);
        manager.save(second);
        manager.cleanUp();
        System.out.println(
            "jdk.jfr: "
                + isPresent
                + ", recorded: "
                + FlightRecording.recordsStoreCalls()
                + ", initialized: "
                + (isPresent && FlightRecorder.isInitialized())
                + ", attributes: "
                + live(manager, token).attributeNames());
      }
    }

    private static Session live(SessionManager manager, String token) {
      return ((Resolution.Live) manager.adapter().resolve(List.of(token))).session();
    }
  }

  private String outputOfApplication(String... options) throws Exception {
    Path output = directory.resolve("output");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(options));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(Application.class.getName());
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      assertThat(process.waitFor(180, TimeUnit.SECONDS)).as("ended in time").isTrue();
    } finally {
      process.destroyForcibly();
    }
    String text = Files.readString(output);
    assertThat(process.exitValue()).as(text).isZero();
    return text;
  }

  @Test
  void withoutTheModule_everythingWorks() throws Exception {
    assertThat(
            outputOfApplication(
                "--limit-modules", "java.base,java.logging,java.naming,java.xml,jdk.unsupported"))
        .contains("jdk.jfr: false, recorded: false, initialized: false, attributes: [a, b]");
  }

  @Test
  void withoutRecording_theRecorderIsNotStarted() throws Exception {
    assertThat(outputOfApplication())
        .contains("jdk.jfr: true, recorded: false, initialized: false, attributes: [a, b]");
  }
}
