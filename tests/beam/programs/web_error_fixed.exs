# A small web application in the way of Plug: a struct for the request, a router, an error that is wrapped on its way
# out, and a server that answers it with 500 and goes on.
defmodule Plug.Conn do
  defstruct method: "GET", request_path: "/", params: %{}, status: nil, state: :unset, resp_body: nil

  def send_resp(conn, status, body), do: %{conn | status: status, resp_body: body, state: :sent}
end

defmodule Plug.Conn.WrapperError do
  defexception [:conn, :kind, :reason, :stack]

  def message(%{reason: reason}), do: inspect(reason)

  def reraise(conn, kind, reason, stack),
    do: :erlang.raise(:error, %__MODULE__{conn: conn, kind: kind, reason: reason, stack: stack}, stack)
end

defmodule Shop do
  def total(id), do: {:total, gross(price(id))}

  # An item without a price costs nothing.
  defp price(id) when rem(id, 10) == 7, do: 0
  defp price(id), do: id * 100

  defp gross(price) do
    taxed = price * 119
    div(taxed, 100)
  end
end

defmodule Web.Items do
  def show(conn) do
    {:total, total} = Shop.total(conn.params.id)
    Plug.Conn.send_resp(conn, 200, "total #{total}")
  end
end

defmodule Web.Router do
  def call(conn) do
    dispatch(conn)
  catch
    kind, reason -> Plug.Conn.WrapperError.reraise(conn, kind, reason, __STACKTRACE__)
  end

  defp dispatch(%{request_path: "/items/" <> _} = conn), do: Web.Items.show(conn)
  defp dispatch(conn), do: Plug.Conn.send_resp(conn, 404, "not found")
end

defmodule Web.Server do
  def serve(conn) do
    Web.Router.call(conn)
  rescue
    error in Plug.Conn.WrapperError -> Plug.Conn.send_resp(error.conn, 500, "internal server error")
  end
end

defmodule Main do
  # Four connections with ten requests each; one of ten items has no price, and each connection asks for one nowhere.
  def run do
    for connection <- 0..3 do
      {pid, monitor} = spawn_monitor(fn -> connection(connection * 10) end)
      receive do: ({:DOWN, ^monitor, :process, ^pid, _} -> :ok)
    end
  end

  def connection(first) do
    for id <- first..(first + 9), do: request(id)
    request(:nowhere)
    :closed
  end

  def request(:nowhere), do: Web.Server.serve(%Plug.Conn{request_path: "/nowhere"}).status
  def request(id), do: Web.Server.serve(%Plug.Conn{request_path: "/items/#{id}", params: %{id: id}}).status
end
