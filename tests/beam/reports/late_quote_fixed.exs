defmodule Quotes do
  use GenServer

  def start_link, do: GenServer.start_link(__MODULE__, %{}, name: __MODULE__)

  @impl true
  def init(state), do: {:ok, state}

  @impl true
  def handle_info({:quote, from, id, isbn}, state) do
    send(from, {:price, id, price(isbn)})
    {:noreply, state}
  end

  def price(13) do
    Process.sleep(30)
    1300
  end

  def price(isbn), do: isbn * 100
end

defmodule Till do
  def quote(id, isbn) do
    send(Quotes, {:quote, self(), id, isbn})
    await(id)
  end

  def await(id) do
    receive do
      {:price, ^id, cents} -> cents
    after
      20 -> nil
    end
  end
end

defmodule Main do
  def run do
    {:ok, _} = Quotes.start_link()
    for {isbn, id} <- Enum.with_index([4, 13, 7, 9]), do: Till.quote(id, isbn)
    Process.sleep(50)
  end
end
