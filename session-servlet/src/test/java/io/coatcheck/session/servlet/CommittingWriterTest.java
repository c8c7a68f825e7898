package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.memory.InMemorySessionStore;
import jakarta.servlet.ServletContext;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CommittingWriterTest {

  private final SessionManager manager =
      SessionManager.builder(InMemorySessionStore.builder().build())
          .cleanUpInterval(Duration.ZERO)
          .build();

  @AfterEach
  void close() {
    manager.close();
  }

  private CommittingWriter over(Writer writer) {
    HttpServletResponse response = mock(HttpServletResponse.class);
    when(response.getBufferSize()).thenReturn(8192);
    SessionExchange exchange =
        new SessionExchange(
            SessionFilter.builder(manager).settings(),
            new SessionListeners(manager, mock(ServletContext.class)),
            mock(HttpServletRequest.class),
            response);
    return new CommittingWriter(exchange.saving(), new PrintWriter(writer), "UTF-8");
  }

  @Test
  void checkError_reportsWhatTheContainersWriterHides() {
    Writer failing =
        new Writer() {
          @Override
          public void write(char[] characters, int offset, int length) throws IOException {
            throw new IOException("the client is gone");
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    CommittingWriter writer = over(failing);

    writer.print("x");

    assertThat(writer.checkError()).isTrue();
  }

  @Test
  void everyKindOfWrite_arrives() {
    StringWriter target = new StringWriter();
    CommittingWriter writer = over(target);

    writer.write('a');
    writer.write("xbcx", 1, 2);
    writer.write(new char[] {'d', 'e'});
    writer.append("f").append('g');
    writer.printf("%s", "h\ud83d\ude00");
    writer.write("\ud83d\ude00", 0, 1);
    writer.write("\ud83d\ude00", 1, 1);
    writer.flush();

    assertThat(target).hasToString("abcdefgh\ud83d\ude00\ud83d\ude00");
    assertThat(writer.checkError()).isFalse();
  }
}
