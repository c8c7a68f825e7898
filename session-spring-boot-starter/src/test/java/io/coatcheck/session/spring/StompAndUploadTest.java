package io.coatcheck.session.spring;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.springframework.security.config.Customizer.withDefaults;

import io.coatcheck.test.clients.Visitor;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.security.Principal;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.messaging.simp.SimpMessageHeaderAccessor;
import org.springframework.messaging.simp.annotation.SubscribeMapping;
import org.springframework.messaging.simp.config.MessageBrokerRegistry;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.csrf.CsrfToken;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.multipart.MultipartFile;
import org.springframework.web.socket.config.annotation.EnableWebSocketMessageBroker;
import org.springframework.web.socket.config.annotation.StompEndpointRegistry;
import org.springframework.web.socket.config.annotation.WebSocketMessageBrokerConfigurer;
import org.springframework.web.socket.server.support.HttpSessionHandshakeInterceptor;

@DisplayName("An application with uploads and STOMP works as with the container's sessions")
@Tag("wide")
class StompAndUploadTest {

  private static final int POLICY_VIOLATION = 1008;

  @Configuration
  @EnableAutoConfiguration
  @EnableWebSocketMessageBroker
  @RestController
  static class Application implements WebSocketMessageBrokerConfigurer {

    @Override
    public void registerStompEndpoints(StompEndpointRegistry registry) {
      registry.addEndpoint("/talk").addInterceptors(new HttpSessionHandshakeInterceptor());
    }

    @Override
    public void configureMessageBroker(MessageBrokerRegistry registry) {
      registry.setApplicationDestinationPrefixes("/desk");
    }

    @Bean
    SecurityFilterChain chain(HttpSecurity http) throws Exception {
      return http.authorizeHttpRequests(
              requests ->
                  requests.requestMatchers("/token").permitAll().anyRequest().authenticated())
          .formLogin(withDefaults())
          .build();
    }

    @Bean
    UserDetailsService users() {
      return new InMemoryUserDetailsManager(
          User.withUsername("ann").password("{noop}ticket").roles("USER").build());
    }

    @GetMapping("/token")
    String token(CsrfToken token) {
      return token.getToken();
    }

    @PostMapping("/upload")
    void upload(@RequestParam MultipartFile file, HttpSession session) throws IOException {
      session.setAttribute(
          "file", file.getOriginalFilename() + ", " + new String(file.getBytes(), UTF_8));
    }

    @GetMapping("/file")
    Object file(HttpSession session) {
      return session.getAttribute("file");
    }

    /** Answers a subscription with what the socket knows of its user and of the session. */
    @SubscribeMapping("/file")
    String file(Principal user, SimpMessageHeaderAccessor message) {
      Map<String, Object> ofSession = message.getSessionAttributes();
      return user.getName() + ": " + (ofSession == null ? null : ofSession.get("file"));
    }
  }

  /** The frames that a client receives, each in one message, and then the status of the close. */
  private static final class Frames implements WebSocket.Listener {

    private final BlockingQueue<String> queue = new LinkedBlockingQueue<>();
    private final StringBuilder part = new StringBuilder();

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence text, boolean last) {
      part.append(text);
      if (last) {
        queue.add(part.toString());
        part.setLength(0);
      }
      socket.request(1);
      return null;
    }

    @Override
    public @Nullable CompletionStage<?> onClose(WebSocket socket, int status, String reason) {
      queue.add("closed: " + status);
      return null;
    }

    String next() throws InterruptedException {
      String next = queue.poll(1, TimeUnit.MINUTES);
      assertThat(next).as("a frame within a minute").isNotNull();
      return next;
    }
  }

  private static WebSocket connect(
      Site site, Visitor visitor, String cookie, String origin, Frames frames) {
    String port = site.context().getEnvironment().getRequiredProperty("local.server.port");
    return HttpClient.newHttpClient()
        .newWebSocketBuilder()
        .subprotocols("v12.stomp")
        .header("Cookie", cookie + "=" + visitor.cookie(cookie))
        .header("Origin", origin.formatted(port))
        .buildAsync(URI.create("ws://localhost:" + port + "/talk"), frames)
        .join();
  }

  private static void send(WebSocket socket, String frame) {
    socket.sendText(frame + "\n\n\0", true).join();
  }

  private static String multipart(String boundary, String token) {
    return """
        --%1$s
        Content-Disposition: form-data; name="_csrf"

        %2$s
        --%1$s
        Content-Disposition: form-data; name="file"; filename="notes.txt"
        Content-Type: text/plain

        a note
        --%1$s--
        """
        .formatted(boundary, token)
        .replace("\n", "\r\n");
  }

  @ParameterizedTest
  @CsvSource({
    "coatcheck.enabled=false, JSESSIONID",
    "coatcheck.security.context=session, __Host-session",
    "coatcheck.security.context=principal, __Host-session"
  })
  @DisplayName(
      "The CSRF token may be a part beside the file; a socket has the session's user and attributes,"
          + " and is closed at the logout")
  void works(String property, String cookie) throws Exception {
    try (Site site = Site.start(Application.class, "coatcheck.store=memory", property)) {
      Visitor ann = site.visitor();
      ann.logIn("ann");
      String type = "multipart/form-data; boundary=between";
      assertThat(ann.postBody("/upload", type, multipart("between", "forged")).statusCode())
          .isEqualTo(403);
      String token = ann.get("/token").body();
      assertThat(ann.postBody("/upload", type, multipart("between", token)).statusCode())
          .isEqualTo(200);
      assertThat(ann.get("/file").body()).isEqualTo("notes.txt, a note");

      Frames frames = new Frames();
      WebSocket socket = connect(site, ann, cookie, "http://localhost:%s", frames);
      send(socket, "CONNECT\naccept-version:1.2\nhost:localhost");
      assertThat(frames.next()).startsWith("CONNECTED").contains("user-name:ann");
      send(socket, "SUBSCRIBE\nid:0\ndestination:/desk/file");
      assertThat(frames.next()).startsWith("MESSAGE").contains("\n\nann: notes.txt, a note\0");

      assertThatThrownBy(() -> connect(site, ann, cookie, "https://other.example", new Frames()))
          .isInstanceOf(CompletionException.class)
          .cause()
          .isInstanceOfSatisfying(
              WebSocketHandshakeException.class,
              refused -> assertThat(refused.getResponse().statusCode()).isEqualTo(403));

      ann.post("/logout");
      assertThat(frames.next()).isEqualTo("closed: " + POLICY_VIOLATION);
    }
  }
}
