package io.coatcheck.session.servlet;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;

/** Every way that a servlet has to let its response go (F38), by name. */
final class WaysToCommit {

  static final String TEXT = "what the application wrote";

  private static final byte[] BYTES = TEXT.getBytes(java.nio.charset.StandardCharsets.US_ASCII);
  private static final byte[] LARGE = new byte[100_000];

  private WaysToCommit() {}

  static Map<String, Handler> all() {
    Map<String, Handler> ways = new LinkedHashMap<>();
    errorsAndRedirects(ways);
    streams(ways);
    writers(ways);
    lengths(ways);
    dispatches(ways);
    asynchronous(ways);
    return ways;
  }

  private static void errorsAndRedirects(Map<String, Handler> ways) {
    ways.put("sendError(int)", (request, response) -> response.sendError(410));
    ways.put("sendError(int, String)", (request, response) -> response.sendError(410, "gone"));
    ways.put("sendRedirect(String)", (request, response) -> response.sendRedirect("/x"));
    if (Container.isServlet61()) {
      ofServlet61(ways);
    }
    ways.put("status 304", (request, response) -> response.setStatus(304));
    ways.put("status 204", (request, response) -> response.setStatus(204));
    ways.put("nothing", (request, response) -> {});
  }

  private static void ofServlet61(Map<String, Handler> ways) {
    ways.put("sendRedirect(String, int)", (request, response) -> response.sendRedirect("/x", 303));
    ways.put(
        "sendRedirect(String, boolean)",
        (request, response) -> {
          response.getWriter().print(TEXT);
          response.sendRedirect("/x", false);
        });
    ways.put(
        "sendRedirect(String, int, boolean)",
        (request, response) -> response.sendRedirect("/x", 307, true));
    ways.put(
        "stream, ByteBuffer",
        (request, response) -> response.getOutputStream().write(ByteBuffer.wrap(LARGE)));
  }

  private static void streams(Map<String, Handler> ways) {
    ways.put("flushBuffer", (request, response) -> response.flushBuffer());
    ways.put(
        "stream, flush",
        (request, response) -> {
          response.getOutputStream().write(BYTES);
          response.getOutputStream().flush();
        });
    ways.put(
        "stream, close",
        (request, response) -> {
          response.getOutputStream().write(BYTES);
          response.getOutputStream().close();
        });
    ways.put("stream, little", (request, response) -> response.getOutputStream().print(TEXT));
    ways.put("stream, large", (request, response) -> response.getOutputStream().write(LARGE));
    ways.put(
        "stream, many little",
        (request, response) -> {
          for (int i = 0; i < 10_000; i++) {
            response.getOutputStream().write(BYTES);
          }
        });
    ways.put(
        "stream, byte by byte",
        (request, response) -> {
          for (int i = 0; i < 50_000; i++) {
            response.getOutputStream().write('x');
          }
        });
    ways.put(
        "stream, transferTo",
        (request, response) ->
            new ByteArrayInputStream(LARGE).transferTo(response.getOutputStream()));
    ways.put(
        "stream, small buffer",
        (request, response) -> {
          response.setBufferSize(512);
          response.getOutputStream().write(LARGE, 0, response.getBufferSize() + 1);
        });
    ways.put(
        "stream, a third of the buffer",
        (request, response) ->
            response.getOutputStream().write(LARGE, 0, response.getBufferSize() / 3));
  }

  private static void writers(Map<String, Handler> ways) {
    ways.put(
        "writer, flush",
        (request, response) -> {
          response.getWriter().print(TEXT);
          response.getWriter().flush();
        });
    ways.put(
        "writer, close",
        (request, response) -> {
          response.getWriter().print(TEXT);
          response.getWriter().close();
        });
    ways.put("writer, checkError", (request, response) -> response.getWriter().checkError());
    ways.put("writer, little", (request, response) -> response.getWriter().print(TEXT));
    ways.put(
        "writer, large",
        (request, response) -> response.getWriter().write(new String(new char[100_000])));
    ways.put(
        "writer, character by character",
        (request, response) -> {
          PrintWriter writer = response.getWriter();
          for (int i = 0; i < 50_000; i++) {
            writer.append('x');
          }
        });
    ways.put(
        "writer, few characters that become many bytes",
        (request, response) -> {
          response.setContentType("text/plain;charset=UTF-8");
          PrintWriter writer = response.getWriter();
          for (int i = 0; i < 1_000; i++) {
            writer.print("\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac");
          }
        });
  }

  private static void lengths(Map<String, Handler> ways) {
    ways.put(
        "setContentLength",
        (request, response) -> {
          response.setContentLength(BYTES.length);
          response.getOutputStream().write(BYTES);
        });
    ways.put(
        "setContentLengthLong",
        (request, response) -> {
          response.setContentLengthLong(BYTES.length);
          response.getWriter().print(TEXT);
        });
    ways.put(
        "setContentLength after the content",
        (request, response) -> {
          response.getOutputStream().write(BYTES);
          response.setContentLength(BYTES.length);
        });
    ways.put(
        "setHeader Content-Length",
        (request, response) -> {
          response.setHeader("content-length", Integer.toString(BYTES.length));
          response.getOutputStream().write(BYTES);
        });
    ways.put(
        "addHeader Content-Length",
        (request, response) -> {
          response.addHeader("Content-Length", Integer.toString(BYTES.length));
          response.getOutputStream().write(BYTES);
        });
    ways.put(
        "setIntHeader Content-Length",
        (request, response) -> {
          response.setIntHeader("Content-Length", BYTES.length);
          response.getOutputStream().write(BYTES);
        });
    ways.put(
        "addIntHeader Content-Length",
        (request, response) -> {
          response.addIntHeader("Content-Length", BYTES.length);
          response.getOutputStream().write(BYTES);
        });
    ways.put("Content-Length 0", (request, response) -> response.setContentLength(0));
  }

  private static void dispatches(Map<String, Handler> ways) {
    ways.put(
        "include",
        (request, response) -> request.getRequestDispatcher("/part").include(request, response));
    ways.put(
        "include that flushes",
        (request, response) ->
            request.getRequestDispatcher("/part-flushed").include(request, response));
    ways.put(
        "forward",
        (request, response) -> request.getRequestDispatcher("/part").forward(request, response));
    ways.put(
        "forward by the context",
        (request, response) ->
            request.getServletContext().getRequestDispatcher("/part").forward(request, response));
  }

  private static void asynchronous(Map<String, Handler> ways) {
    ways.put(
        "async, complete",
        (request, response) ->
            inBackground(request.startAsync(), context -> context.getResponse().getWriter()));
    ways.put(
        "async, complete with its own request and response",
        (request, response) ->
            inBackground(
                request.startAsync(request, response),
                context -> context.getResponse().getWriter().print(TEXT)));
    ways.put(
        "async, flush",
        (request, response) ->
            inBackground(request.startAsync(), context -> context.getResponse().flushBuffer()));
    ways.put(
        "async, large",
        (request, response) ->
            inBackground(
                request.startAsync(),
                context -> context.getResponse().getOutputStream().write(LARGE)));
    ways.put("async, dispatch", (request, response) -> request.startAsync().dispatch("/part"));
    ways.put("async, write listener", WaysToCommit::writeWhenReady);
  }

  /** Goes on in another thread. */
  interface AsyncWork {
    void with(AsyncContext context) throws IOException;
  }

  private static void inBackground(AsyncContext context, AsyncWork work) {
    new Thread(
            () -> {
              try {
                work.with(context);
              } catch (IOException e) {
                throw new IllegalStateException(e);
              } finally {
                context.complete();
              }
            })
        .start();
  }

  private static void writeWhenReady(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    AsyncContext context = request.startAsync();
    ServletOutputStream out = response.getOutputStream();
    out.setWriteListener(
        new WriteListener() {
          private int rounds;

          @Override
          public void onWritePossible() throws IOException {
            while (out.isReady()) {
              if (rounds++ == 20) {
                context.complete();
                return;
              }
              out.write(LARGE, 0, 5_000);
            }
          }

          @Override
          public void onError(Throwable problem) {
            context.complete();
          }
        });
  }

  /** What the application shows where others include it or forward to it. */
  static Site parts(Site site) {
    return site.on("/part", (request, response) -> response.getWriter().print(TEXT))
        .on(
            "/part-flushed",
            (request, response) -> {
              response.getWriter().print(TEXT);
              response.flushBuffer();
            });
  }
}
